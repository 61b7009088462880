import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { namespaces, pods } from "../kube/resources.ts";
import { type Clusters, openClusters, REGIONS } from "./support/clusters.ts";
import { changeByHand, deleteByHand, RESTORED_WITHIN } from "./support/drift.ts";
import type { Leaf } from "./support/owned-fields.ts";
import { type OwnedObject, ownedObjects } from "./support/owned-objects.ts";
import { awaitAllReady } from "./support/ready.ts";

let clusters: Clusters;
let owned: readonly OwnedObject[];

beforeAll(async () => {
  clusters = await openClusters();
  await awaitAllReady(clusters, 120_000);
  owned = await ownedObjects(clusters);
});

// Whatever a test did to it, the platform is to be whole again for those that follow.
afterAll(async () => {
  await awaitAllReady(clusters, 240_000);
  await clusters.close();
}, 250_000);

/** Not changed or deleted here, and why. */
const EXEMPT = {
  change: (leaf: Leaf): string | undefined => {
    if (leaf.pointer.startsWith("/metadata/ownerReferences/")) {
      return "the garbage collector deletes at once what refers to an owner that is not there";
    }
    if (OWNERSHIP.test(leaf.pointer)) return "a test of its own";
    return undefined;
  },
  whole: ({ entry }: OwnedObject): string | undefined =>
    entry.kind === "CertificateSigningRequest"
      ? "a signed request is not made again: the API server deletes it, the certificate is in the status"
      : undefined,
  deletion: ({ entry }: OwnedObject): string | undefined =>
    entry.kind === "Namespace" || entry.kind === "PersistentVolumeClaim"
      ? "the customers' data ends with it: no operator brings that back"
      : undefined,
};

/** The labels by which the operator knows what is its own. */
const OWNERSHIP =
  /^\/metadata\/labels\/(app\.kubernetes\.io~1managed-by|openbanking\.wekeza\.io~1owner-[a-z]+)$/;

/** Runs one after the other, and reports everything that went wrong together. */
async function each(
  objects: readonly OwnedObject[],
  work: (object: OwnedObject) => Promise<string | undefined>,
) {
  const problems: string[] = [];
  for (const object of objects) {
    const problem = await work(object).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

test("the inventories name objects in every cluster", () => {
  const kinds = (cluster: string) =>
    new Set(owned.filter((each) => each.cluster === cluster).map(({ entry }) => entry.kind));
  expect(kinds("hub").size).toBeGreaterThan(0);
  for (const region of REGIONS) {
    for (const kind of ["Namespace", "Deployment", "StatefulSet", "Service", "ConfigMap", "NetworkPolicy"]) {
      expect(kinds(region)).toContain(kind);
    }
  }
});

describe(`what a hand changes is restored within ${RESTORED_WITHIN / 1000} s`, () => {
  test(
    "every field the operator sets, in every object, in every cluster",
    { timeout: 1_200_000 },
    async () => {
      let [fields, slowest] = [0, 0];
      const problems = await each(
        owned.filter((object) => EXEMPT.whole(object) === undefined),
        async (object) => {
          const { changed, restoredAfter = 0 } = await changeByHand(
            object,
            (leaf) => EXEMPT.change(leaf) === undefined,
          );
          fields += changed;
          slowest = Math.max(slowest, restoredAfter);
          return undefined;
        },
      );
      console.log(
        `${fields} fields of ${owned.length} objects changed; slowest restored after ${Math.round(slowest)} ms`,
      );
      expect(problems).toEqual([]);
      expect(fields).toBeGreaterThan(owned.length);
    },
  );

  test("the labels that say whose an object is", { timeout: 600_000 }, async () => {
    const problems = await each(
      owned.filter((object) => EXEMPT.whole(object) === undefined),
      async (object) => {
        await changeByHand(object, ({ pointer }) => OWNERSHIP.test(pointer));
        return undefined;
      },
    );
    expect(problems).toEqual([]);
  });
});

describe(`what a hand deletes is made again within ${RESTORED_WITHIN / 1000} s`, () => {
  test("every object, each kind, each cluster", { timeout: 1_200_000 }, async () => {
    let slowest = 0;
    const present = await ownedObjects(clusters);
    const problems = await each(
      present.filter((object) => EXEMPT.whole(object) === undefined && EXEMPT.deletion(object) === undefined),
      async (object) => {
        slowest = Math.max(slowest, await deleteByHand(object));
        return undefined;
      },
    );
    console.log(
      `${present.length} objects in the inventories; slowest made again after ${Math.round(slowest)} ms`,
    );
    expect(problems).toEqual([]);
  });

  test(
    "the platform is whole again once its pods have tokens of the new ServiceAccounts",
    { timeout: 300_000 },
    async () => {
      // A running pod's token is bound to the ServiceAccount that was deleted: only a new pod gets a new one.
      for (const region of REGIONS) {
        const client = clusters.clients[region];
        const stacks = await client.list(namespaces, { labelSelector: "openbanking.wekeza.io/stack" });
        for (const { metadata } of stacks.items) {
          for (const pod of (await client.list(pods, { namespace: metadata.name })).items) {
            await client.delete(pods, { namespace: metadata.name, name: pod.metadata.name });
          }
        }
      }
      await expect(awaitAllReady(clusters, 240_000)).resolves.toBeUndefined();
    },
  );
});
