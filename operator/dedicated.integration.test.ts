import { afterAll, beforeAll, expect, test } from "vitest";
import { dedicatedHost, dedicatedNamespace } from "../crds/dedicated.ts";
import { type FailoverGroupObject, failoverGroups, type PartnerObject, partners } from "../crds/resources.ts";
import { ROSTER_NAME } from "../crds/shard.ts";
import { systemClock } from "../kube/clock.ts";
import { conditionOf } from "../kube/condition.ts";
import { configMaps, deployments, namespaces, services } from "../kube/resources.ts";
import { until } from "../local/wait.ts";
import { clientIdOf } from "./csr/names.ts";
import { requestPem } from "./csr/testing/requests.ts";
import { DRAIN_MS } from "./failover-group/dedicated.ts";
import { signedReader } from "./signed/signed-reader.ts";
import type { ShardSigner } from "./shard-signer.ts";
import { loadShardSigner } from "./signing-key.ts";
import { eastAfrica, ke } from "./testing/custom-resources.ts";
import { testPolicy } from "./testing/group.ts";
import { pretendToRun } from "./testing/kubelet.ts";
import { testPartner } from "./testing/partner.ts";
import { type Platform, startPlatform } from "./testing/platform.ts";
import { type StackPod, startStackPod } from "./testing/stack-pod.ts";

const STACK = "stack-east-africa";
const GROUP = { name: "east-africa" };
const ACME = { namespace: "partners", name: "acme" };
const CLIENT = clientIdOf("partners", "acme");
const OWN = dedicatedNamespace(STACK, CLIENT);
const HOST = dedicatedHost("api.east-africa.openbanking.test", CLIENT);
const patience = { timeout: 55_000, every: 200 };

let platform: Platform;
let signer: ShardSigner;
const pods: StackPod[] = [];
/** How far ahead the operator's clock is, in ms. */
let ahead = 0;

beforeAll(async () => {
  platform = await startPlatform();
  const now = () => new Date(Date.now() + ahead);
  await platform.operator("one", { ...systemClock, now });
  signer = await until(() => loadShardSigner(platform.admin, "wekeza-system").catch(() => undefined), {
    ...patience,
    what: "the key that signs shards",
  });
  await platform.apply(ke);
  await platform.apply(eastAfrica);
  await platform.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "partners" } });
  await platform.apply(testPolicy());
  for (const name of ["acme", "beta"]) {
    const partner = testPartner(await requestPem(), { groups: ["east-africa"] });
    await platform.apply({ ...partner, metadata: { ...partner.metadata, name } });
  }
  await groupWhere("its stack to serve", ({ status }) => isTrue(status, "Ready"));
  pods.push(
    ...["gateway", "oauth"].map((name) =>
      startStackPod(platform.admin, name, { group: "east-africa", signer }),
    ),
  );
  await partnerWhere("acme to be in the stack", ({ status }) => isTrue(status, "Served"));
});
afterAll(async () => {
  await Promise.all(pods.map((pod) => pod.stop()));
  await platform?.stop();
});

type Status = FailoverGroupObject["status"] | PartnerObject["status"];
const isTrue = (status: Status, type: string) => conditionOf(status?.conditions, type)?.status === "True";

async function groupWhere(what: string, holds: (seen: FailoverGroupObject) => boolean) {
  return until(
    async () => {
      for (const namespace of [STACK, OWN]) await pretendToRun(platform.admin, namespace);
      const seen = await platform.admin.get(failoverGroups, GROUP);
      return seen && holds(seen) ? seen : undefined;
    },
    { ...patience, what },
  );
}

async function partnerWhere(what: string, holds: (seen: PartnerObject) => boolean) {
  return until(
    async () => {
      const seen = await platform.admin.get(partners, ACME);
      return seen && holds(seen) ? seen : undefined;
    },
    { ...patience, what },
  );
}

const tier = (wanted: "shared" | "dedicated") =>
  platform.admin.patch(partners, ACME, { merge: { spec: { tier: wanted } } });
const ofAcme = ({ status }: FailoverGroupObject) =>
  status?.dedicated?.find(({ clientId }) => clientId === CLIENT);

/** Where the name server says that acme's own host is. */
async function published(): Promise<string | undefined> {
  const records = await platform.admin.get(configMaps, { namespace: "wekeza-dns", name: "records" });
  return new RegExp(`^(\\S+) ${HOST} # east-africa$`, "m").exec(records?.data?.["hosts"] ?? "")?.[1];
}

async function addressIn(namespace: string): Promise<string | undefined> {
  const entrance = await platform.admin.get(services, { namespace, name: "api" });
  const status = entrance?.["status"] as
    | { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } }
    | undefined;
  return status?.loadBalancer?.ingress?.[0]?.ip;
}

async function leadsTo(namespace: string): Promise<void> {
  await until(async () => (await published()) === (await addressIn(namespace)) || undefined, {
    ...patience,
    what: `${HOST} to lead to ${namespace}`,
  });
}

test("asked for, gateways of its own appear beside the stack, and its host leads to the group's until they serve it", async () => {
  await tier("dedicated");
  const starting = await groupWhere("its gateways to start", (seen) => ofAcme(seen)?.namespace === OWN);
  expect(ofAcme(starting)).toMatchObject({ partner: "partners/acme", host: HOST, serving: false });
  await leadsTo(STACK);
  const waits = await partnerWhere("acme to be told", ({ status }) => status?.groups?.[0]?.host === HOST);
  expect(conditionOf(waits.status?.conditions, "Dedicated")?.reason).toBe("OwnGatewaysStarting");
  expect(isTrue(waits.status, "Served")).toBe(true);

  pods.push(startStackPod(platform.admin, "gateway", { group: "east-africa", namespace: OWN, signer }));
  await groupWhere("them to serve", (seen) => ofAcme(seen)?.serving === true);
  await leadsTo(OWN);
  const served = await partnerWhere("acme to have them", ({ status }) => isTrue(status, "Dedicated"));
  expect(isTrue(served.status, "Served")).toBe(true);
});

test("they know no other partner, and a suspension as the group's do", async () => {
  const roster = async (namespace: string) => {
    const map = await platform.admin.get(configMaps, { namespace, name: ROSTER_NAME });
    return signedReader(signer.trust).roster(map, "east-africa")?.partners ?? [];
  };
  expect((await roster(STACK)).map(({ clientId }) => clientId)).toHaveLength(2);
  expect((await roster(OWN)).map(({ clientId }) => clientId)).toEqual([CLIENT]);
  const own = pods.at(-1)?.directory;
  expect(own?.partner(CLIENT)?.suspended).toBe(false);
  await platform.admin.patch(partners, ACME, { merge: { spec: { suspended: true } } });
  await until(() => Promise.resolve(own?.partner(CLIENT)?.suspended || undefined), {
    ...patience,
    what: "its own gateway to refuse it",
  });
  await partnerWhere("the suspension to be confirmed", ({ status }) => isTrue(status, "Suspended"));
  await platform.admin.patch(partners, ACME, { merge: { spec: { suspended: false } } });
  await partnerWhere("it to be served again", ({ status }) => isTrue(status, "Served"));
});

test("what a hand deletes there comes back", async () => {
  const before = await platform.admin.get(deployments, { namespace: OWN, name: "gateway" });
  await platform.admin.delete(deployments, { namespace: OWN, name: "gateway" });
  const after = await until(
    async () => {
      const seen = await platform.admin.get(deployments, { namespace: OWN, name: "gateway" });
      return seen && seen.metadata.uid !== before?.metadata.uid ? seen : undefined;
    },
    { ...patience, what: "its gateways to be made again" },
  );
  expect(after.metadata.labels?.["openbanking.wekeza.io/client"]).toBe(CLIENT);
  await groupWhere("them to serve again", (seen) => ofAcme(seen)?.serving === true);
});

test("given back, its host leads to the group's at once, and its own go when nobody can be calling them any more", async () => {
  await tier("shared");
  const draining = await groupWhere("them to drain", (seen) => ofAcme(seen)?.until !== undefined);
  expect(ofAcme(draining)).toMatchObject({ serving: false, namespace: OWN });
  await leadsTo(STACK);
  expect(await platform.admin.get(deployments, { namespace: OWN, name: "gateway" })).toBeDefined();
  const told = await partnerWhere(
    "acme to be told",
    ({ status }) => conditionOf(status?.conditions, "Dedicated")?.reason === "OwnGatewaysDraining",
  );
  expect(isTrue(told.status, "Served")).toBe(true);

  await pods.pop()?.stop();
  ahead = DRAIN_MS;
  await platform.admin.patch(failoverGroups, GROUP, {
    merge: { metadata: { annotations: { "test/look": "1" } } },
  });
  await until(async () => (await platform.admin.get(namespaces, { name: OWN })) === undefined || undefined, {
    ...patience,
    what: "their namespace to be gone",
  });
  const gone = await groupWhere("status to say so", (seen) => ofAcme(seen)?.namespace === undefined);
  expect(ofAcme(gone)).toEqual({ clientId: CLIENT, partner: "partners/acme", host: HOST, serving: false });
  await leadsTo(STACK);
});

test("a deleted Partner takes its gateways and its host with it at once", async () => {
  await tier("dedicated");
  await groupWhere("its gateways to start", (seen) => ofAcme(seen)?.namespace === OWN);
  await platform.admin.delete(partners, ACME);
  await until(async () => (await platform.admin.get(partners, ACME)) === undefined || undefined, {
    ...patience,
    what: "the Partner to be gone",
  });
  await until(async () => (await platform.admin.get(namespaces, { name: OWN })) === undefined || undefined, {
    ...patience,
    what: "their namespace to be gone",
  });
  expect(await published()).toBeUndefined();
  const group = await platform.admin.get(failoverGroups, GROUP);
  expect(group?.status?.dedicated).toBeUndefined();
});
