import { randomBytes, randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KEYS } from "../deploy/keys.ts";
import { callPayments, paymentFrom } from "../cli/quickstart/payment-api.ts";
import { configMaps, namespaces, secrets } from "../kube/resources.ts";
import { clusterFolder } from "../local/cluster/cluster.ts";
import { readState } from "../local/cluster/process-state.ts";
import { seenFrom, volumesEncrypted } from "../local/cluster/volume-disk.ts";
import { run } from "../local/command.ts";
import { findBelow, type Needle, type Search } from "../local/testing/raw-disk.ts";
import { restrictedNamespace } from "../local/testing/running-cluster.ts";
import { until } from "../local/wait.ts";
import { type Bank, enrolPartner, groupNamed, openBank } from "./support/bank.ts";
import { CLUSTERS, type ClusterName } from "./support/clusters.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { givenPayment } from "./support/payment.ts";
import { stackOf } from "./support/stack.ts";
import { leave, type Visitor, visitorAt } from "./support/visitor.ts";

/** Some hundred megabytes are read octet by octet, on a machine that may have other work, in ms. */
const SEARCH = 600_000;

const canary = (what: string): string => `${what}-${randomBytes(12).toString("hex")}`;
const [payee, reference, secret] = [canary("payee"), canary("reference"), canary("secret")];
/** What a search must find: a ConfigMap, and a file on the volumes' disk that is in none of them. */
const [known, beside] = [canary("known"), canary("beside")];
const namespace = canary("at-rest").slice(0, 20);
/** Nothing older can have a canary. The kernel alone sets this time of a file. */
const started = Date.now() - 1_000;
const isNew = ({ ctimeMs }: Stats): boolean => ctimeMs >= started;
/** Layers of images are files that clusters share with the machine's cache. */
const isOwn = ({ nlink }: Stats): boolean => nlink === 1;
const needle = (name: string, text: string): Needle => ({ name, octets: Buffer.from(text) });

/** Whether every cluster's volumes lie on a disk that encrypts them. */
let encrypted = true;
const PLAIN = 'volumes are plain folders on this machine; "make up" says why';

let bank: Bank;
let visitor: Visitor;

beforeAll(async () => {
  bank = await openBank();
  const group = groupNamed(bank, "east-africa");
  visitor = await visitorAt(bank, group, await enrolPartner(bank, "at-rest", { roles: ["AISP", "PISP"] }));
  await pay(visitor);
  for (const cluster of CLUSTERS) {
    const client = bank.clients[cluster];
    const metadata = { namespace, name: "canary" };
    await client.apply(namespaces, restrictedNamespace(namespace), { fieldManager: "e2e" });
    await client.create(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata,
      data: { it: Buffer.from(secret).toString("base64") },
    });
    await client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { it: known } });
    if (await volumesEncrypted(folderOf(cluster))) await writeFile(await besideVolumes(cluster), beside);
    else encrypted = false;
  }
  await writeDisks();
});

afterAll(async () => {
  if (bank === undefined) return;
  await inAnyCase(
    ...CLUSTERS.flatMap((cluster) => [
      () => bank.clients[cluster].delete(namespaces, { name: namespace }),
      async () => rm(await besideVolumes(cluster), { force: true }),
    ]),
    () => leave(bank, visitor),
    () => bank.close(),
  );
});

/** Has the customer pay somebody, until the payee's bank has the money: by then every service knows of it. */
async function pay({ session, given }: Visitor): Promise<void> {
  const [account] = await session.api.accounts(given.tokens.accessToken);
  if (account === undefined) throw new Error("The demo customer has no account.");
  const asked = paymentFrom(account, "1.00");
  const initiation = {
    ...asked,
    CreditorAccount: { ...asked.CreditorAccount, Name: payee },
    RemittanceInformation: { Unstructured: [reference] },
  };
  const { token, body } = await givenPayment(session, initiation);
  const paid = await callPayments(session, { path: "/domestic-payments", token, body, key: randomUUID() });
  if (paid.status !== 201) throw new Error(`The payment was answered ${paid.status}: ${paid.body}`);
  const { Data } = JSON.parse(paid.body) as { readonly Data: { readonly DomesticPaymentId: string } };
  const own = await session.authorization.clientToken("payments");
  const status = async (): Promise<string> => {
    const path = `/domestic-payments/${Data.DomesticPaymentId}`;
    return (await callPayments(session, { path, token: own.accessToken })).body;
  };
  await until(async () => (await status()).includes('"ACCC"'), {
    timeout: 60_000,
    every: 500,
    what: "the payee's bank to have the money",
  });
}

const folderOf = (cluster: ClusterName) => clusterFolder(bank.runFolder, cluster);

/** The cluster's volumes as its pods have them. */
async function volumesOf(cluster: ClusterName): Promise<string> {
  const folder = folderOf(cluster);
  const state = await readState(folder);
  if (state === undefined) throw new Error(`The cluster ${cluster} is not up.`);
  return seenFrom(state.first, folder.volumes);
}

/** A file on the disk of the volumes, and in none of them. */
async function besideVolumes(cluster: ClusterName): Promise<string> {
  return join(await volumesOf(cluster), namespace);
}

/** Has everything written out that the machine still has in memory: the clusters' disks first, then what those lie on. */
async function writeDisks(): Promise<void> {
  for (const cluster of CLUSTERS) await run("sync", ["--file-system", await volumesOf(cluster)]);
  await run("sync", ["--file-system", bank.runFolder]);
}

/** What is in clear of a Secret's entry when it is there at all: of keys the private part, of other things all. */
function heart(value: Buffer): Buffer {
  const text = value.toString("utf8");
  const [, pem] = /-----BEGIN [A-Z ]*PRIVATE KEY-----\n(\S+)\n/.exec(text) ?? [];
  const [, member] = /"(?:d|k)":\s*"([\w-]+)"/.exec(text) ?? [];
  const [, token] = /token:\s*"?([\w.-]+)/.exec(text) ?? [];
  const part = pem ?? member ?? token?.split(".").at(-1);
  return part === undefined ? value : Buffer.from(part);
}

const places = ({ findings }: Search): string =>
  findings.map(({ name, file, offset }) => `${name} is in ${file} at ${offset}`).join("\n");

test("a search of the disk finds what is public in etcd", async () => {
  for (const cluster of CLUSTERS) {
    const { findings } = await findBelow(folderOf(cluster).etcd, [needle("known", known)], isNew);
    expect(findings).not.toEqual([]);
  }
});

test("a search of the disk finds what lies beside the volumes", async ({ skip }) => {
  if (!encrypted) skip(PLAIN);
  for (const cluster of CLUSTERS) {
    const { root, volumeDisk } = folderOf(cluster);
    const search = await findBelow(root, [needle("beside", beside)], isNew);
    expect(new Set(search.findings.map(({ file }) => file))).toEqual(new Set([volumeDisk]));
  }
});

test("whoever has the running cluster finds what the customer wrote in the files of Postgres", async () => {
  const { region } = stackOf(groupNamed(bank, "east-africa"));
  const { findings } = await findBelow(
    await volumesOf(region),
    [needle("payee", payee), needle("reference", reference)],
    isNew,
  );
  expect(new Set(findings.map(({ name }) => name))).toEqual(new Set(["payee", "reference"]));
  expect(findings.filter(({ file }) => !file.includes("/pvc-"))).toEqual([]);
});

test(
  "SEC-43: whoever has the disk finds nothing that a customer wrote, and no Secret",
  { timeout: SEARCH },
  async ({ skip }) => {
    if (!encrypted) skip(PLAIN);
    const canaries = [needle("payee", payee), needle("reference", reference), needle("secret", secret)];
    const search = await findBelow(bank.runFolder, canaries, isNew);
    expect(search.bytes).toBeGreaterThan(100 * 2 ** 20);
    expect(places(search)).toBe("");
  },
);

test(
  "SEC-43: no key of the platform is in clear on the disk of a cluster that has it",
  { timeout: SEARCH },
  async () => {
    for (const cluster of CLUSTERS) {
      const keys = await keysIn(cluster);
      expect(keys.length).toBeGreaterThan(0);
      const { etcd, kubelet, containerd, logs } = folderOf(cluster);
      expect((await findBelow(etcd, [needle("known", known)], isOwn)).findings).not.toEqual([]);
      for (const folder of [etcd, kubelet, containerd, logs])
        expect(places(await findBelow(folder, keys, isOwn))).toBe("");
    }
  },
);

/** What is secret in the Secrets that {@link KEYS} lists, as far as a cluster has them. */
async function keysIn(cluster: ClusterName): Promise<readonly Needle[]> {
  const entries = (await bank.clients[cluster].list(secrets)).items.flatMap(({ metadata, data }) =>
    Object.entries(data ?? {}).map(([file, value]) => ({ metadata, file, value })),
  );
  const begins = (name = "", pattern: string): boolean => name.startsWith(pattern.replace("*", ""));
  return entries.flatMap(({ metadata: { namespace: space, name }, file, value }) =>
    KEYS.some((key) => begins(space, key.namespace) && begins(name, key.secret) && key.file === file)
      ? [{ name: `${space}/${name} ${file}`, octets: heart(Buffer.from(value, "base64")) }]
      : [],
  );
}
