import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Registry } from "prom-client";
import { conditionOf } from "../kube/condition.ts";
import { silent } from "../kube/logger.ts";
import type { Manifest, ObjectKey } from "../kube/object.ts";
import {
  configMaps,
  deployments,
  horizontalPodAutoscalers,
  leases,
  namespaces,
  networkPolicies,
  roleBindings,
  secrets,
  serviceAccounts,
} from "../kube/resources.ts";
import { SERVED, SERVED_LABEL } from "../crds/shard.ts";
import { until } from "../local/wait.ts";
import {
  API_VERSION,
  approvals,
  type FailoverGroupObject,
  failoverGroups,
  type RegionObject,
  regions,
} from "../crds/resources.ts";
import { ACCOUNT_ANNOTATION } from "./failover-group/account-change.ts";
import { eastAfrica, ke } from "./testing/custom-resources.ts";
import { pretendToRun } from "./testing/kubelet.ts";
import { type Platform, startPlatform } from "./testing/platform.ts";

const STACK = "stack-east-africa";
const group: ObjectKey = { name: "east-africa" };
const auditLog = join(tmpdir(), `operator-audit-${process.pid}.log`);
const patience = { timeout: 55_000 };

let platform: Platform;
let registry: Registry;

beforeAll(async () => {
  platform = await startPlatform(silent, { auditLog });
  await platform.apply(ke);
  await platform.apply(eastAfrica);
  ({ registry } = await platform.operator("one"));
});
afterAll(async () => {
  await platform?.stop();
  await rm(auditLog, { force: true });
});

async function groupWhere(
  what: string,
  holds: (seen: FailoverGroupObject) => boolean,
): Promise<FailoverGroupObject> {
  let seen: FailoverGroupObject | undefined;
  try {
    return await until(
      async () => {
        await pretendToRun(platform.admin, STACK);
        seen = await platform.admin.get(failoverGroups, group);
        return seen && holds(seen) ? seen : undefined;
      },
      { ...patience, every: 200, what },
    );
  } catch (cause) {
    throw new Error(`${String(cause)}: ${JSON.stringify(seen?.status?.conditions, undefined, 1)}`, { cause });
  }
}

const templateOf = (deployment: Manifest | undefined): unknown =>
  (deployment as { readonly spec?: { readonly template: unknown } } | undefined)?.spec?.template;

const isReady = ({ status }: FailoverGroupObject | RegionObject) =>
  conditionOf(status?.conditions, "Ready")?.status === "True";

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly name?: string };
}

/** What the operator has changed so far, as the API server logged it; Leases apart, which it renews all the time. */
async function writes(): Promise<readonly string[]> {
  const lines = (await readFile(auditLog, "utf8")).split("\n").filter((line) => line.endsWith("}"));
  const events = lines.map((line) => JSON.parse(line) as AuditEvent);
  return events
    .filter(({ user }) => user.username.endsWith(":wekeza-operator"))
    .filter(({ verb, objectRef }) => WRITING.has(verb) && objectRef?.resource !== "leases")
    .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource} ${objectRef?.name}`);
}

const WRITING = new Set(["create", "update", "patch", "delete", "deletecollection"]);

async function total(metric: string): Promise<number> {
  const { values } = (await registry.getSingleMetric(metric)?.get()) ?? { values: [] };
  return values.reduce((sum, { value }) => sum + value, 0);
}

async function reconciles(): Promise<number> {
  const { values } = (await registry.getSingleMetric("controller_runtime_reconcile_total")?.get()) ?? {
    values: [],
  };
  return values
    .filter(({ labels }) => labels["controller"] === "failover-group")
    .reduce((sum, { value }) => sum + value, 0);
}

/** Waits until nobody works and a second has seen no write: events are told after everything else. */
async function rest(): Promise<void> {
  let before = -1;
  await until(
    async () => {
      const busy = (await total("workqueue_depth")) + (await total("controller_runtime_active_workers"));
      const { length } = await writes();
      const still = busy === 0 && length === before;
      before = length;
      return still;
    },
    { ...patience, every: 1_000, what: "the operator to rest" },
  );
}

test("a Region of the hub and a group become a stack that serves, with names that lead to it", async () => {
  const served = await groupWhere("the group to be ready", isReady);
  expect(served.status).toMatchObject({
    active: "ke",
    namespace: STACK,
    componentSummary: expect.stringMatching(/^(\d+)\/\1$/),
  });
  const records = await platform.admin.get(configMaps, { namespace: "wekeza-dns", name: "records" });
  const address = served.status?.addresses?.api;
  expect(records?.data?.["hosts"]).toContain(`${address} api.east-africa.openbanking.test # east-africa`);
  const region = await until(
    async () => {
      const seen = await platform.admin.get(regions, { name: "ke" });
      return seen && isReady(seen) ? seen : undefined;
    },
    { ...patience, what: "the region to be ready" },
  );
  expect(region.status).toMatchObject({ stacks: ["east-africa"], stackSummary: "1/1" });
});

test("an Approval of what does not exist says so, with the rights that the operator has", async () => {
  const subject = { kind: "Partner", namespace: "partners", name: "nobody", uid: "1" };
  const reason = "There is nothing to approve.";
  const spec = { subject, hash: "0".repeat(64), requestedBy: "somebody", approver: "admin", reason };
  const metadata = { name: "nobody" };
  await platform.apply({ apiVersion: API_VERSION, kind: "Approval", metadata, spec } as never);
  const seen = until(async () => (await platform.admin.get(approvals, metadata))?.status?.state, {
    ...patience,
    what: "its state",
  });
  await expect(seen).resolves.toBe("SubjectMissing");
});

test("REL-34 another look at a world that is as planned writes nothing", async () => {
  await groupWhere(
    "the group to rest",
    (seen) => isReady(seen) && conditionOf(seen.status?.conditions, "Synced")?.status === "True",
  );
  await rest();
  const [before, passes] = [await writes(), await reconciles()];
  const merge = { metadata: { annotations: { "test/look": "again" } } };
  await platform.admin.patch(failoverGroups, group, { merge });
  await until(async () => (await reconciles()) > passes, { ...patience, what: "another pass" });
  await rest();
  expect((await writes()).slice(before.length)).toEqual([]);
});

test("REL-36 no metric has a label that grows with the number of resources", async () => {
  const samples = (await registry.metrics()).split("\n").filter((line) => !line.startsWith("#"));
  expect(samples.length).toBeGreaterThan(100);
  expect(samples.filter((line) => /east-africa|stack-|nobody/.test(line))).toEqual([]);
});

test("REL-19 what a person changes or deletes comes back", async () => {
  const key = { namespace: STACK, name: "gateway" };
  await platform.admin.patch(deployments, key, {
    json: [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "wekeza.test/evil:1" }],
  });
  await platform.admin.delete(networkPolicies, { namespace: STACK, name: "default-deny" });
  await platform.admin.patch(
    secrets,
    { namespace: STACK, name: "host-tls" },
    { merge: { data: { "tls.crt": "eA==" } } },
  );
  const mended = until(
    async () => {
      const image = JSON.stringify(await platform.admin.get(deployments, key)).includes("wekeza.test/evil");
      const policy = await platform.admin.get(networkPolicies, { namespace: STACK, name: "default-deny" });
      const secret = await platform.admin.get(secrets, { namespace: STACK, name: "host-tls" });
      return !image && policy !== undefined && secret?.data?.["tls.crt"] !== "eA==";
    },
    { ...patience, what: "drift to be mended" },
  );
  await expect(mended).resolves.toBe(true);
});

test("what gateways report raises the floor of their autoscaler at once, and a lull does not lower it at once", async () => {
  const lease = (requests: number) => ({
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: {
      namespace: STACK,
      name: "served-gateway-1",
      labels: { [SERVED_LABEL]: "gateway" },
      annotations: {
        [SERVED.startedAt]: "2026-11-22T18:00:00.000Z",
        [SERVED.requests]: String(requests),
      },
    },
    spec: {
      holderIdentity: "gateway-1",
      leaseDurationSeconds: 3_600,
      renewTime: new Date().toISOString().replace("Z", "000Z"),
    },
  });
  await platform.apply(lease(2_400));
  const raised = await groupWhere("the floor to rise", ({ status }) => status?.load?.minReplicas === 3);
  expect(conditionOf(raised.status?.conditions, "LoadCovered")?.reason).toBe("FloorRaised");
  const floor = async () => {
    const key = { namespace: STACK, name: "gateway" };
    const found: Manifest | undefined = await platform.admin.get(horizontalPodAutoscalers, key);
    return (found?.["spec"] as { readonly minReplicas?: number } | undefined)?.minReplicas;
  };
  await until(async () => (await floor()) === 3 || undefined, {
    ...patience,
    what: "the autoscaler's floor",
  });
  await platform.apply(lease(0));
  await groupWhere("the lull to be seen", ({ status }) => status?.load?.calmSince !== undefined);
  expect(await floor()).toBe(3);
  await platform.admin.delete(leases, { namespace: STACK, name: "served-gateway-1" });
});

test("pods whose ServiceAccount somebody deleted start again with the new one, once", async () => {
  const account = { namespace: STACK, name: "gateway" };
  await platform.admin.delete(serviceAccounts, account);
  const uid = await until(async () => (await platform.admin.get(serviceAccounts, account))?.metadata.uid, {
    ...patience,
    what: "a new account",
  });
  const followed = await until(
    async () => {
      const gateway = await platform.admin.get(deployments, account);
      const followed = JSON.stringify(gateway).includes(`"${ACCOUNT_ANNOTATION}":"${uid}"`);
      return followed ? gateway : undefined;
    },
    { ...patience, what: "the gateway to follow its account" },
  );
  await groupWhere("the group to be ready", isReady);
  const settled = await platform.admin.get(deployments, account);
  // Not the generation, which grows with the autoscaler's replicas too.
  expect(templateOf(settled)).toEqual(templateOf(followed));
});

test("a group whose Region list is edited keeps its stack and says why", async () => {
  await platform.apply({ ...ke, metadata: { name: "elsewhere" } });
  await platform.admin.patch(failoverGroups, group, { merge: { spec: { members: ["elsewhere"] } } });
  const stalled = await groupWhere(
    "the move to be refused",
    ({ status }) => conditionOf(status?.conditions, "Stalled")?.reason === "MoveRefused",
  );
  expect(stalled.status?.inventory?.length).toBeGreaterThan(40);
  expect(await platform.admin.get(deployments, { namespace: STACK, name: "gateway" })).toBeDefined();
  await platform.admin.patch(failoverGroups, group, { merge: { spec: { members: ["ke"] } } });
  await groupWhere("the group to be ready again", isReady);
  await platform.admin.delete(regions, { name: "elsewhere" });
});

test("the operator may not bind outside a stack what it may bind inside", async () => {
  const binding = (namespace: string): Manifest => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "escape", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "wekeza:stack-operator" },
    subjects: [{ kind: "ServiceAccount", name: "wekeza-operator", namespace: "wekeza-system" }],
  });
  const as = await platform.clientOfOperator();
  await expect(as.create(roleBindings, binding("kube-system"))).rejects.toThrow(
    /only touch namespaces and bindings/,
  );
  await as.create(roleBindings, binding(STACK), { dryRun: true });
});

describe("the published names are put back in seconds when a hand", () => {
  const key = { namespace: "wekeza-dns", name: "records" };
  const read = () => platform.admin.get(configMaps, key);
  const merge = (change: object) => platform.admin.patch(configMaps, key, { merge: change });

  test.each([
    {
      what: "points them elsewhere",
      by: ({ hosts }: { hosts: string }) => merge({ data: { hosts: hosts.replace(/^\S+/, "203.0.113.9") } }),
    },
    {
      what: "adds one for a group that does not exist",
      by: ({ hosts }: { hosts: string }) =>
        merge({ data: { hosts: `${hosts}203.0.113.9 api.x.test # nobody\n` } }),
    },
    {
      what: "adds a line that is none of ours",
      by: ({ hosts }: { hosts: string }) =>
        merge({ data: { hosts: `${hosts}203.0.113.9 api.east-africa.openbanking.test\n` } }),
    },
    {
      what: "takes our mark away",
      by: () => merge({ metadata: { labels: { "app.kubernetes.io/managed-by": null } } }),
    },
    { what: "deletes them", by: () => platform.admin.delete(configMaps, key) },
  ])("$what", async ({ by }) => {
    const before = await read();
    await by({ hosts: before?.data?.["hosts"] ?? "" });
    const restored = await until(
      async () => {
        const found = await read();
        return found?.data?.["hosts"] === before?.data?.["hosts"] && found?.metadata.labels !== undefined
          ? found
          : undefined;
      },
      { timeout: 10_000, what: "the names to be as they were" },
    );
    expect(restored.metadata.labels).toEqual({ "app.kubernetes.io/managed-by": "wekeza-operator" });
    expect(restored.data?.["hosts"]).toContain("api.east-africa.openbanking.test # east-africa");
  });
});

test("a deleted group leaves nothing", async () => {
  await platform.admin.delete(failoverGroups, group);
  await until(async () => (await platform.admin.get(failoverGroups, group)) === undefined, {
    ...patience,
    what: "the group to be gone",
  });
  expect(await platform.admin.get(namespaces, { name: STACK })).toBeUndefined();
  const records = await platform.admin.get(configMaps, { namespace: "wekeza-dns", name: "records" });
  expect(records?.data?.["hosts"]).toBe("");
});

test("a Region that groups name stays until they are gone; one that nobody names gets a group of its own", async () => {
  await platform.apply({ ...ke, metadata: { name: "other" } });
  await platform.admin.delete(regions, { name: "ke" });
  const own = await until(async () => await platform.admin.get(failoverGroups, { name: "other" }), {
    ...patience,
    what: "the region's own group",
  });
  expect(own.spec.hosts.api).toBe("api.other.openbanking.test");
  const moved: FailoverGroupObject = { ...eastAfrica, spec: { ...eastAfrica.spec, members: ["other"] } };
  await platform.apply(moved);
  await until(
    async () => (await platform.admin.get(regions, { name: "other" }))?.metadata.finalizers?.length,
    { ...patience, what: "the region to be held" },
  );
  await platform.admin.delete(regions, { name: "other" });
  await until(
    async () => {
      const seen = await platform.admin.get(regions, { name: "other" });
      const message = conditionOf(seen?.status?.conditions, "Ready")?.message ?? "";
      return message.includes("FailoverGroup east-africa has its stack here") || undefined;
    },
    { ...patience, what: "the region to say who holds it" },
  );
  await platform.admin.delete(failoverGroups, group);
  await until(async () => (await platform.admin.get(regions, { name: "other" })) === undefined, {
    ...patience,
    what: "the region to be gone",
  });
  expect(await platform.admin.get(namespaces, { name: "stack-other" })).toBeUndefined();
});
