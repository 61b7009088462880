import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clusters, openClusters, REGIONS } from "./support/clusters.ts";
import { changeByHand, changeOf, deleteByHand, type Repair, RESTORED_WITHIN } from "./support/drift.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { type Observation, observe } from "./support/observation.ts";
import type { Leaf } from "./support/owned-fields.ts";
import { type OwnedObject, ownedObjects } from "./support/owned-objects.ts";
import { awaitAllReady, awaitNewPods, podsOfStacks } from "./support/ready.ts";

let clusters: Clusters;
let owned: readonly OwnedObject[];
let observation: Observation;

beforeAll(async () => {
  clusters = await openClusters();
  await awaitAllReady(clusters, 120_000);
  const all = await ownedObjects(clusters);
  owned = all.filter((object) => EXEMPT.whole(object) === undefined);
  observation = await observe(clusters, owned);
});

// Whatever a test did to it, the platform is to be whole again for those that follow.
afterAll(
  () =>
    inAnyCase(
      () => observation?.stop(),
      () => awaitAllReady(clusters, 240_000),
      () => clusters?.close(),
    ),
  250_000,
);

/** Not changed or deleted here, and why. */
const EXEMPT = {
  change: (leaf: Leaf): string | undefined =>
    leaf.pointer.startsWith("/metadata/ownerReferences/")
      ? "the garbage collector deletes at once what refers to an owner that is not there"
      : undefined,
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

/** Kinds whose pods carry a ServiceAccount's token: made again after their ServiceAccounts. */
const WORKLOADS = new Set(["Deployment", "StatefulSet", "Job"]);

/** Does something to all objects of a wave at once, and gathers what came of it. */
async function wave<T>(objects: readonly T[], work: (object: T) => Promise<Repair>) {
  const repairs = await Promise.all(
    objects.map((object) =>
      work(object).catch((error: unknown): Repair => ({ after: 0, problem: String(error) })),
    ),
  );
  return {
    problems: repairs.flatMap(({ problem }) => problem ?? []),
    slowest: Math.max(0, ...repairs.map(({ after }) => after)),
  };
}

/** Changed at one time: each starts its pods anew, and a machine that starts them all has no time for anything else. */
const WORKLOADS_AT_ONCE = 4;

/** Objects in waves, a kind at a time in all clusters; workloads last, a few at a time. */
function waves(
  objects: readonly OwnedObject[],
): readonly (readonly [kind: string, objects: readonly OwnedObject[]])[] {
  const kinds = [...Map.groupBy(objects, ({ entry }) => entry.kind)];
  const isWorkload = ([kind]: (typeof kinds)[number]): boolean => WORKLOADS.has(kind);
  const few = kinds.filter(isWorkload).flatMap(([kind, all]) =>
    Array.from({ length: Math.ceil(all.length / WORKLOADS_AT_ONCE) }, (_, index) => {
      const from = index * WORKLOADS_AT_ONCE;
      return [kind, all.slice(from, from + WORKLOADS_AT_ONCE)] as const;
    }),
  );
  return [...kinds.filter((each) => !isWorkload(each)), ...few];
}

/** Changes what `touch` picks in every object, a wave at a time. */
async function changeAll(touch: (leaf: Leaf) => boolean) {
  const problems: string[] = [];
  let [fields, slowest] = [0, 0];
  const known = new Map<string, Map<string, number>>();
  for (const [kind, objects] of waves(owned)) {
    const learned = known.get(kind) ?? new Map<string, number>();
    known.set(kind, learned);
    const [first, ...rest] = objects.map((object) => () => changeOf(object, touch, learned));
    // The first one teaches the others.
    const changes = first ? [await first()] : [];
    changes.push(...(await Promise.all(rest.map((prepare) => prepare()))));
    const changed = changes.filter(({ replacements }) => replacements.length > 0);
    const result = await wave(changed, (change) => changeByHand(change, observation));
    const count = changed.reduce((sum, { replacements }) => sum + replacements.length, 0);
    console.log(`${kind}: ${count} fields of ${changed.length} objects, ${Math.round(result.slowest)} ms`);
    problems.push(...result.problems);
    fields += count;
    slowest = Math.max(slowest, result.slowest);
  }
  return { problems, fields, slowest };
}

test("the inventories name objects in every region", () => {
  for (const region of REGIONS) {
    const kinds = new Set(owned.filter(({ cluster }) => cluster === region).map(({ entry }) => entry.kind));
    for (const kind of ["Namespace", "Deployment", "StatefulSet", "Service", "ConfigMap", "NetworkPolicy"]) {
      expect(kinds).toContain(kind);
    }
  }
});

describe(`what a hand changes is restored within ${RESTORED_WITHIN / 1000} s`, () => {
  test(
    "REL-19 every field the operator sets, in every object, in every cluster",
    { timeout: 300_000 },
    async () => {
      const { problems, fields, slowest } = await changeAll((leaf) => EXEMPT.change(leaf) === undefined);
      console.log(
        `${fields} fields of ${owned.length} objects; slowest restored after ${Math.round(slowest)} ms`,
      );
      expect(problems).toEqual([]);
      expect(fields).toBeGreaterThan(owned.length);
    },
  );

  test("the labels that say whose an object is, alone", { timeout: 180_000 }, async () => {
    const { problems, fields } = await changeAll(({ pointer }) => OWNERSHIP.test(pointer));
    expect(problems).toEqual([]);
    expect(fields).toBeGreaterThan(owned.length);
  });
});

test(
  `what a hand deletes is made again within ${RESTORED_WITHIN / 1000} s, and the platform is whole again`,
  { timeout: 600_000 },
  async () => {
    const former = await podsOfStacks(clusters);
    const doomed = owned.filter((object) => EXEMPT.deletion(object) === undefined);
    const problems: string[] = [];
    let slowest = 0;
    // A running pod's token ends with its ServiceAccount: pods that are made after it have one of the new.
    for (const [kind, objects] of waves(doomed)) {
      const result = await wave(objects, (object) => deleteByHand(object, observation));
      console.log(`${kind}: ${objects.length} deleted, ${Math.round(result.slowest)} ms`);
      problems.push(...result.problems);
      slowest = Math.max(slowest, result.slowest);
    }
    console.log(`${doomed.length} objects deleted; slowest made again after ${Math.round(slowest)} ms`);
    expect(problems).toEqual([]);
    await awaitNewPods(clusters, former, 360_000);
    await awaitAllReady(clusters, 120_000);
  },
);
