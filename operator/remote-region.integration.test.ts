import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../kube/clock.ts";
import { conditionOf } from "../kube/condition.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import { deployments, namespaces, secrets } from "../kube/resources.ts";
import { until } from "../local/wait.ts";
import { type FailoverGroupObject, failoverGroups, type RegionObject, regions } from "../crds/resources.ts";
import { tokenIn } from "./region/token.ts";
import { eastAfrica, ke } from "./testing/custom-resources.ts";
import { type Platform, type RegionCluster, startPlatform, startRegion } from "./testing/platform.ts";

const STACK = "stack-east-africa";
const patience = { timeout: 60_000, every: 200 };
const remote: RegionObject = {
  ...ke,
  spec: { ...ke.spec, cluster: { kubeconfigSecretRef: { name: "region-ke" } } },
};
/** Six minutes ahead: a token of ten minutes is past half of its life, and nothing else is late. */
const ahead = { ...systemClock, now: () => new Date(Date.now() + 360_000) };

let hub: Platform;
let region: RegionCluster;

beforeAll(async () => {
  [hub, region] = await Promise.all([startPlatform(), startRegion()]);
  await hub.apply(remote);
  await hub.apply(eastAfrica);
  await hub.operator("one", ahead);
});
afterAll(async () => {
  await hub?.stop();
  await region?.stop();
});

function becomes<T extends KubeObject>(
  resource: Resource<T>,
  name: string,
  what: string,
  holds: (seen: T) => boolean,
): Promise<T> {
  return until(
    async () => {
      const seen = await hub.admin.get(resource, { name });
      return seen && holds(seen) ? seen : undefined;
    },
    { ...patience, what },
  );
}

const reasonOf = ({ status }: RegionObject | FailoverGroupObject, type = "Ready") =>
  conditionOf(status?.conditions, type)?.reason;

async function token() {
  const secret = await hub.admin.get(secrets, { namespace: "wekeza-system", name: "region-ke" });
  return tokenIn(Buffer.from(secret?.data?.["kubeconfig"] ?? "", "base64").toString());
}

test("without a way in, Region and group say what is missing", async () => {
  const locked = await becomes(
    regions,
    "ke",
    "the missing Secret to be named",
    (seen) => reasonOf(seen) === "CredentialsMissing",
  );
  expect(conditionOf(locked.status?.conditions, "Stalled")?.message).toContain(
    "Secret wekeza-system/region-ke",
  );
  const group = await becomes(
    failoverGroups,
    "east-africa",
    "the group to wait",
    (seen) => reasonOf(seen) === "RegionUnreachable",
  );
  expect(group.status?.inventory).toBeUndefined();
});

test("with a kubeconfig in its Secret the region's cluster gets the stack, by an account that may do no more", async () => {
  await hub.apply(await region.access("ke", 600));
  const seen = await becomes(
    regions,
    "ke",
    "the region to be reachable",
    (each) => reasonOf(each, "Reachable") === "Reachable",
  );
  expect(seen.status?.kubernetesVersion).toMatch(/^v1\./);
  await until(async () => await region.admin.get(deployments, { namespace: STACK, name: "gateway" }), {
    ...patience,
    what: "the gateway in the region",
  });
  expect(await hub.admin.get(namespaces, { name: STACK })).toBeUndefined();
});

test("a token past half of its life is renewed in place", async () => {
  const renewed = await until(
    async () => {
      const found = await token();
      return found && found.expires.getTime() - found.issued.getTime() > 3600_000 ? found : undefined;
    },
    { ...patience, what: "a token of a day" },
  );
  expect(renewed.account).toEqual({ namespace: "wekeza-region", name: "wekeza-operator" });
  await becomes(
    regions,
    "ke",
    "status to tell",
    ({ status }) => status?.tokenExpires === renewed.expires.toISOString(),
  );
});

test("a region that falls silent loses nothing, and is taken up again when it answers", async () => {
  const before = await becomes(
    failoverGroups,
    "east-africa",
    "everything to be applied",
    (seen) => reasonOf(seen, "Synced") === "Applied",
  );
  region.plane.signalApiServer("SIGSTOP");
  const silent = await becomes(
    failoverGroups,
    "east-africa",
    "the silence to be said",
    (seen) => reasonOf(seen) === "RegionUnreachable",
  );
  expect(silent.status?.inventory).toEqual(before.status?.inventory);
  region.plane.signalApiServer("SIGCONT");
  await becomes(
    failoverGroups,
    "east-africa",
    "the group to go on",
    (seen) => reasonOf(seen) === "ComponentsStarting",
  );
  expect(await region.admin.get(deployments, { namespace: STACK, name: "gateway" })).toBeDefined();
});

test("another operator takes over when the first one leaves, and finds everything as it should be", async () => {
  const second = await hub.operator("two", ahead);
  expect(second.operator.leads()).toBe(false);
  await hub.stopOperator("one");
  await until(async () => second.operator.leads() || undefined, { ...patience, what: "the second to lead" });
  await region.admin.delete(deployments, { namespace: STACK, name: "gateway" });
  const again = await until(
    async () => await region.admin.get(deployments, { namespace: STACK, name: "gateway" }),
    {
      ...patience,
      what: "the gateway again",
    },
  );
  expect(again.metadata.name).toBe("gateway");
});
