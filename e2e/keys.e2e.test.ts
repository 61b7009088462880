import { afterAll, beforeAll, expect, test } from "vitest";
import { type Key, KEYS, OPEN_FILES } from "../deploy/keys.ts";
import type { Client } from "../kube/client.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import { namespaces, pods, secrets, serviceAccounts } from "../kube/resources.ts";
import { CLUSTERS, type Clusters, openClusters } from "./support/clusters.ts";
import { type Holding, holdingsOf } from "./support/mounted-secrets.ts";

/** An entry of a Secret as it lies in a cluster. */
interface Found {
  readonly client: Client;
  readonly namespace: string;
  readonly secret: string;
  readonly file: string;
}

let clusters: Clusters;
const found: Found[] = [];
const holdings: Holding[] = [];

beforeAll(async () => {
  clusters = await openClusters();
  for (const client of CLUSTERS.map((name) => clusters.clients[name])) {
    const ours = (await client.list(namespaces)).items
      .map(({ metadata }) => metadata.name)
      .filter((name) => /^(wekeza-|stack-|partners$)/.test(name));
    for (const namespace of ours) {
      const entries = new Map<string, readonly string[]>();
      for (const { metadata, data } of (await client.list(secrets, { namespace })).items) {
        entries.set(metadata.name, Object.keys(data ?? {}));
      }
      for (const [secret, files] of entries) {
        found.push(...files.map((file) => ({ client, namespace, secret, file })));
      }
      for (const pod of (await client.list(pods, { namespace })).items) {
        holdings.push(...holdingsOf(pod, (secret) => entries.get(secret) ?? []));
      }
    }
  }
}, 120_000);
afterAll(() => clusters?.close());

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
const listed = ({ namespace, secret, file }: Pick<Found, "namespace" | "secret" | "file">): Key | undefined =>
  KEYS.find((key) => matches(key.namespace, namespace) && matches(key.secret, secret) && key.file === file);
const nameOf = ({ namespace, secret, file }: Pick<Found, "namespace" | "secret" | "file">): string =>
  `${namespace}/${secret} ${file}`;

test("every secret there is stands in the list of keys, and every one of the list is there", () => {
  const secretOnes = found.filter(({ file }) => !OPEN_FILES.has(file));
  expect(secretOnes.filter((each) => listed(each) === undefined).map(nameOf)).toEqual([]);
  const there = new Set(secretOnes.map(listed));
  expect(KEYS.filter((key) => !there.has(key)).map(nameOf)).toEqual([]);
});

test("containers have what the list says, and nothing else", () => {
  const held = holdings.filter(({ file }) => !OPEN_FILES.has(file));
  const strange = held.filter((each) => listed(each)?.inPods.includes(each.holder) !== true);
  expect(strange.map((each) => `${each.holder} has ${nameOf(each)}`)).toEqual([]);
  const has = new Set(held.map((each) => `${each.holder} ${listed(each) && nameOf(listed(each) as Key)}`));
  const missing = KEYS.flatMap((key) => key.inPods.map((holder) => `${holder} ${nameOf(key)}`));
  expect(missing.filter((each) => !has.has(each))).toEqual([]);
});

test("the API server gives each secret to the ServiceAccounts of the list, and to no other", async () => {
  const read = new Set<string>();
  const strange: string[] = [];
  for (const name of CLUSTERS) {
    const client = clusters.clients[name];
    const accounts = (await client.list(serviceAccounts)).items
      .filter(({ metadata }) => /^(wekeza-|stack-|partners$)/.test(metadata.namespace ?? ""))
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    const here = Map.groupBy(
      found.filter((each) => each.client === client && !OPEN_FILES.has(each.file)),
      ({ namespace, secret }) => `${namespace}/${secret}`,
    );
    for (const entries of here.values()) {
      const [entry] = entries;
      const readers = await Promise.all(
        accounts.map(async (account) => ((await mayRead(client, account, entry as Found)) ? [account] : [])),
      );
      for (const account of readers.flat()) {
        for (const each of entries) {
          const key = listed(each);
          const pattern = key?.readBy.find((reader) => isReader(reader, account, each.namespace));
          if (key === undefined || pattern === undefined) strange.push(`${account} reads ${nameOf(each)}`);
          else read.add(`${pattern} ${nameOf(key)}`);
        }
      }
    }
  }
  expect(strange).toEqual([]);
  const missing = KEYS.flatMap((key) => key.readBy.map((reader) => `${reader} ${nameOf(key)}`));
  expect(missing.filter((each) => !read.has(each))).toEqual([]);
});

/** A stack's account reads in its own stack only. */
function isReader(pattern: string, account: string, namespace: string): boolean {
  const [space = "", name = ""] = pattern.split("/");
  return account === `${space === "stack-*" ? namespace : space}/${name}`;
}

const accessReviews: Resource = {
  apiVersion: "authorization.k8s.io/v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
} as Resource;

/** Whether an account may get, list or watch a Secret, as the API server itself decides. */
async function mayRead(client: Client, account: string, { namespace, secret }: Found): Promise<boolean> {
  const [space = "", name = ""] = account.split("/");
  const allowed = await Promise.all(
    ["get", "list", "watch"].map(async (verb) => {
      const review = (await client.create(accessReviews, {
        apiVersion: accessReviews.apiVersion,
        kind: accessReviews.kind,
        metadata: {},
        spec: {
          user: `system:serviceaccount:${space}:${name}`,
          groups: ["system:serviceaccounts", `system:serviceaccounts:${space}`, "system:authenticated"],
          // With a name: a list or watch of one Secret is asked for by its name, too.
          resourceAttributes: { verb, resource: "secrets", namespace, name: secret },
        },
      } as unknown as KubeObject)) as unknown as { readonly status: { readonly allowed: boolean } };
      return review.status.allowed;
    }),
  );
  return allowed.includes(true);
}
