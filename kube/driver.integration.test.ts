import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import type { Client } from "./client.ts";
import { conditionOf } from "./condition.ts";
import type { KubeObject, Manifest } from "./object.ts";
import { TerminalError, WaitingError } from "./plan.ts";
import type { ConfigMap } from "./resources.ts";
import { configMaps } from "./resources.ts";
import type { TestApiServer } from "./testing/api-server.ts";
import { startTestApiServer } from "./testing/api-server.ts";
import { until } from "./testing/until.ts";
import type { Widget, WidgetController } from "./testing/widget.ts";
import { mapsOf, widgetPlan, widgets } from "./testing/widget.ts";
import type { Workbench } from "./testing/workbench.ts";
import { installWidgets, startWorkbench } from "./testing/workbench.ts";

let servers: { home: TestApiServer; ke: TestApiServer };
let home: Client;
let ke: Client;
let namespace: string;
let bench: Workbench;

beforeAll(async () => {
  const [first, second] = await Promise.all([startTestApiServer(), startTestApiServer()]);
  servers = { home: first, ke: second };
  home = first.client();
  ke = second.client();
  await installWidgets(home);
});
afterAll(() => Promise.all([servers.home.stop(), servers.ke.stop()]));

beforeEach(async () => {
  namespace = await servers.home.newNamespace();
  await servers.ke.newNamespace();
});
afterEach(async () => {
  await bench.stop();
  // The next test's controller must not meet this one's resources.
  for (const { metadata } of (await home.list(widgets)).items) {
    await home.patch(widgets, metadata, { merge: { metadata: { finalizers: [] } } });
    await home.delete(widgets, metadata);
  }
});

const begin = async (parts: Partial<WidgetController> = {}, mayWrite?: () => boolean): Promise<void> => {
  bench = await startWorkbench(servers, parts, mayWrite);
};
const declare = async (spec: Widget["spec"], annotations: Record<string, string> = {}): Promise<void> => {
  const widget = {
    apiVersion: "example.org/v1",
    kind: "Widget",
    metadata: { namespace, name: "w", annotations },
    spec,
  };
  await home.apply(widgets, widget, { fieldManager: "kubectl", force: true });
};
const widget = (): Promise<Widget | undefined> => home.get(widgets, { namespace, name: "w" });
const said = async (type: string): Promise<string | undefined> => {
  const found = await widget();
  const condition = conditionOf(found?.status?.conditions, type);
  return condition?.observedGeneration === found?.metadata.generation
    ? condition && `${condition.status} ${condition.reason}`
    : undefined;
};
const says = (type: string, what: string): Promise<boolean> =>
  until(`${type} to be ${what}`, async () => (await said(type)) === what).catch(async (error: unknown) => {
    throw new Error(`${String(error)} Status: ${JSON.stringify((await widget())?.status)}`);
  });
const map = (client: Client, name: string): Promise<ConfigMap | undefined> =>
  client.get(configMaps, { namespace, name });
const inventory = async (): Promise<readonly string[]> =>
  ((await widget())?.status?.inventory ?? []).map(({ cluster, name }) => `${cluster}/${name}`);

test("what is asked for is made in both clusters, and a second pass writes nothing", async () => {
  await begin();
  await declare({ maps: ["home/one", "ke/two"], color: "red" });
  await says("Synced", "True Applied");
  expect((await map(home, "one"))?.data).toEqual({ color: "red" });
  expect((await map(ke, "two"))?.data).toEqual({ color: "red" });
  expect(await inventory()).toEqual(["home/one", "ke/two"]);
  await bench.settled();
  const before = bench.writes();
  bench.runner.queue.add(`${namespace}/w`);
  await bench.settled();
  expect(bench.writes()).toBe(before);
  // Finalizer, status, two objects, status.
  expect(before).toBe(5);
});

test("what only completion brings is asked for when it is written, and its absence holds up nothing else", async () => {
  let [away, asked, acted] = [true, 0, 0];
  let seal: string | undefined;
  await begin({
    plan(widget, seen) {
      const planned = widgetPlan(widget, seen);
      const objects = planned.objects.map((each) => {
        if (each.object.metadata.name !== "one") return each;
        const data = { color: "red", ...(seal === undefined ? {} : { seal }) };
        return { ...each, incomplete: seal === undefined, object: { ...each.object, data } };
      });
      return { ...planned, objects, actions: acted === 0 ? ["act"] : [] };
    },
    async complete(object) {
      asked += 1;
      if (away) throw new WaitingError("SealAway", "The seal is away; bring it back.");
      seal = "wax";
      return { ...object, data: { color: "red", seal } } as KubeObject;
    },
    act: async () => void (acted += 1),
  });
  await declare({ maps: ["home/one", "home/two"], color: "red" });
  await says("Synced", "False SealAway");
  expect(await map(home, "one")).toBeUndefined();
  expect((await map(home, "two"))?.data).toEqual({ color: "red" });
  await until("the action", () => acted > 0);
  away = false;
  await says("Synced", "True Applied");
  expect((await map(home, "one"))?.data).toEqual({ color: "red", seal: "wax" });
  await bench.settled();
  const [questions, writes] = [asked, bench.writes()];
  bench.runner.queue.add(`${namespace}/w`);
  await bench.settled();
  expect([asked, bench.writes()]).toEqual([questions, writes]);
});

test("a field changed by hand is put back, and the hand is named", async () => {
  await begin();
  await declare({ maps: ["ke/one"], color: "red" });
  await says("Synced", "True Applied");
  await ke.patch(
    configMaps,
    { namespace, name: "one" },
    { merge: { data: { color: "blue" } } },
    { fieldManager: "kubectl-edit" },
  );
  await until("the old color", async () => (await map(ke, "one"))?.data?.["color"] === "red");
  expect(bench.conflicts.flatMap(({ managers }) => [...managers])).toEqual([
    ["kubectl-edit", [".data.color"]],
  ]);
});

test("a label taken away and an object deleted by hand come back", async () => {
  await begin();
  await declare({ maps: ["ke/one"] });
  await says("Synced", "True Applied");
  const first = await map(ke, "one");
  await ke.delete(configMaps, { namespace, name: "one" });
  const second = await until("a new one", async () => (await map(ke, "one")) ?? false);
  expect(second.metadata.uid).not.toBe(first?.metadata.uid);
  await bench.settled();
  expect(await said("Synced")).toBe("True Applied");
});

const OWNERSHIP = {
  "app.kubernetes.io/managed-by": "somebody",
  "example.org/owner-kind": "Gadget",
  "example.org/owner-namespace": "elsewhere",
  "example.org/owner-name": "x",
  "example.org/owner-uid": "0",
};

test.each([
  ...Object.entries(OWNERSHIP).map(([label, value]) => ({ what: label, changed: { [label]: value } })),
  { what: "every label at once", changed: OWNERSHIP },
  {
    what: "the absence of every label",
    changed: Object.fromEntries(Object.keys(OWNERSHIP).map((label) => [label, null])),
  },
])("the mark of whose an object is comes back after a hand's change: $what", async ({ changed }) => {
  await begin();
  await declare({ maps: ["ke/one"] });
  await says("Synced", "True Applied");
  await bench.settled();
  const before = await map(ke, "one");
  await ke.patch(configMaps, { namespace, name: "one" }, { merge: { metadata: { labels: changed } } });
  await until("the marks", async () => {
    const labels = (await map(ke, "one"))?.metadata.labels;
    return JSON.stringify(labels) === JSON.stringify(before?.metadata.labels);
  });
  await bench.settled();
  expect((await map(ke, "one"))?.metadata.uid).toBe(before?.metadata.uid);
  expect(await said("Synced")).toBe("True Applied");
});

test("what is no longer asked for is pruned, and removed fields are removed", async () => {
  await begin();
  await declare({ maps: ["home/one", "ke/one", "ke/two"] });
  await says("Synced", "True Applied");
  await declare({ maps: ["ke/one"] });
  await until("the pruning", async () => (await inventory()).join() === "ke/one");
  expect(await map(home, "one")).toBeUndefined();
  expect(await map(ke, "two")).toBeUndefined();
  expect(await map(ke, "one")).toBeDefined();
});

test("SEC-26 an object that is not ours is neither changed nor pruned", async () => {
  const foreign = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name: "one" },
    data: { color: "mine" },
  };
  await ke.create(configMaps, foreign, { fieldManager: "somebody" });
  await begin();
  await declare({ maps: ["ke/one", "ke/two"] });
  await says("Synced", "False NotOurs");
  expect(await said("Ready")).toBe("False NotOurs");
  expect((await map(ke, "one"))?.data).toEqual({ color: "mine" });
  expect(await map(ke, "two")).toBeDefined();
  expect(await inventory()).toEqual(["ke/two"]);
  await bench.settled();
  const before = bench.writes();
  bench.runner.queue.add(`${namespace}/w`);
  await bench.settled();
  expect(bench.writes()).toBe(before);
  await declare({ maps: [] });
  await says("Synced", "True Applied");
  expect(await map(ke, "one")).toBeDefined();
});

test("a deleted resource takes its objects with it, then goes", async () => {
  await begin();
  await declare({ maps: ["home/one", "ke/two"] });
  await says("Synced", "True Applied");
  await home.delete(widgets, { namespace, name: "w" });
  await until("the widget to go", async () => (await widget()) === undefined);
  expect(await map(home, "one")).toBeUndefined();
  expect(await map(ke, "two")).toBeUndefined();
});

test("a resource that is gone is not looked at again: its key takes no memory", async () => {
  await begin();
  await declare({ maps: ["ke/one"] });
  await says("Synced", "True Applied");
  await until("the next look to be planned", () => bench.runner.queue.waiting === 1);
  await home.delete(widgets, { namespace, name: "w" });
  await until("the widget to go", async () => (await widget()) === undefined);
  await until("its key to be forgotten", () => bench.runner.queue.waiting === 0);
  await bench.settled();
  expect(bench.runner.queue.waiting).toBe(0);
});

test("a cluster that is away is said so and holds up nothing else; its return completes the work", async () => {
  await begin();
  bench.proxies.ke.fault = () => "reset";
  bench.proxies.ke.breakWatches("reset");
  await until("ke to be away", () => bench.clusters.get("ke")?.available === false);
  await declare({ maps: ["ke/one", "home/two"] });
  await says("Synced", "False ClusterUnavailable");
  expect(await map(home, "two")).toBeDefined();
  bench.proxies.ke.fault = () => undefined;
  await says("Synced", "True Applied");
  expect(await map(ke, "one")).toBeDefined();
});

test("REL-09 a success whose answer is lost is not done twice", async () => {
  await begin();
  let lost = 0;
  bench.proxies.ke.fault = ({ method }) => (method === "PATCH" && lost++ === 0 ? "lose answer" : undefined);
  await declare({ maps: ["ke/one"] });
  await says("Synced", "True Applied");
  expect(lost).toBe(2);
  expect((await map(ke, "one"))?.metadata.labels?.["app.kubernetes.io/managed-by"]).toBe("widget-operator");
});

test("REL-07 a conflict on the first status write is resolved by reading again", async () => {
  await begin();
  let refused = 0;
  const conflict = { kind: "Status", code: 409, reason: "Conflict", message: "changed" };
  bench.proxies.home.fault = ({ method }) =>
    method === "PATCH" && refused++ < 2 ? { answer: 409, body: conflict } : undefined;
  await declare({ maps: ["ke/one"] });
  expect(await says("Synced", "True Applied")).toBe(true);
});

test("a transient failure is retried, a terminal one is Stalled until the spec changes", async () => {
  let failures = 0;
  await begin({
    plan(owner, world) {
      if (owner.spec.fail === "once" && failures++ < 2) throw new Error("not yet");
      if (owner.spec.fail === "for good") throw new TerminalError("Impossible", "The color does not exist.");
      return widgetPlan(owner, world);
    },
  });
  await declare({ maps: ["ke/one"], fail: "once" });
  await says("Synced", "True Applied");
  expect(failures).toBeGreaterThan(2);
  await declare({ maps: ["ke/one"], fail: "for good" });
  await says("Stalled", "True Impossible");
  expect(await said("Ready")).toBe("False Impossible");
  await declare({ maps: ["ke/one"] });
  await says("Ready", "True Made");
  expect(await said("Stalled")).toBeUndefined();
  const history = (await widget())?.status?.history ?? [];
  expect(history.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
    "Impossible: The color does not exist.",
    "Failed: Observing and planning: not yet",
  ]);
});

test("a paused resource changes nothing but for safety, says so, and goes on at the end of the pause", async () => {
  const acted: string[] = [];
  await begin({
    plan: (owner, world) => ({
      ...widgetPlan(owner, world),
      actions: acted.length < 1 ? ["revoke", "renew"] : [],
    }),
    isSafety: (action) => action === "revoke",
    act: async (action) => void acted.push(action),
  });
  const until3s = new Date(Date.now() + 3_000).toISOString();
  await declare({ maps: ["ke/one"] }, { "example.org/pausedUntil": until3s });
  await says("Paused", "True PausedUntil");
  expect(await said("Synced")).toBe("False Paused");
  await until("the revocation", () => acted.length > 0);
  expect(await map(ke, "one")).toBeUndefined();
  await says("Synced", "True Applied");
  expect(await map(ke, "one")).toBeDefined();
  expect(acted).toEqual(["revoke"]);
});

test("a resource that is planned only says what would be written", async () => {
  await begin();
  await declare({ maps: ["ke/one"] }, { "example.org/plan": "only" });
  await says("Planned", "True PlanOnly");
  expect(conditionOf((await widget())?.status?.conditions, "Planned")?.message).toContain(
    `+ConfigMap ${namespace}/one in ke`,
  );
  expect(await map(ke, "one")).toBeUndefined();
});

test("a request to reconcile now is looked into, and writes nothing where everything is in place", async () => {
  let looks = 0;
  await begin({
    plan(owner, world) {
      if (owner.metadata.annotations?.["example.org/requestedAt"] === "now please") looks++;
      return widgetPlan(owner, world);
    },
  });
  await declare({ maps: ["ke/one"] });
  await says("Synced", "True Applied");
  await bench.settled();
  const before = bench.writes();
  await declare({ maps: ["ke/one"] }, { "example.org/requestedAt": "now please" });
  await until("a look", () => looks > 0);
  await bench.settled();
  expect(bench.writes()).toBe(before);
});

test("an action runs after the objects are there", async () => {
  const found: boolean[] = [];
  await begin({
    plan: (owner, world) => ({ ...widgetPlan(owner, world), actions: found.length === 0 ? ["look"] : [] }),
    act: async () => void found.push((await map(ke, "one")) !== undefined),
  });
  await declare({ maps: ["ke/one"] });
  await says("Synced", "True Applied");
  expect(found).toEqual([true]);
});

test("REL-11 a version that rises over what was read never falls below another's", async () => {
  const versionOf = (found: ConfigMap | undefined): number => Number(found?.data?.["version"] ?? 0);
  let read: ConfigMap | undefined;
  let quicker = 0;
  await begin({
    async observe() {
      const before = bench.clusters.get("ke")?.cache(configMaps)?.get({ namespace, name: "one" });
      // As another operator would: between what this one reads and what it writes, far ahead of it.
      if (quicker-- > 0) {
        const metadata = { ...before?.metadata, namespace, name: "one", managedFields: undefined };
        const other = {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata,
          data: { color: "red", version: "500" },
        };
        await (before ? ke.replace(configMaps, other) : ke.create(configMaps, other));
      }
      read = before;
      return 1;
    },
    plan(owner, world) {
      const { color = "grey" } = owner.spec;
      const version = versionOf(read) + (read?.data?.["color"] === color ? 0 : 1);
      const objects = mapsOf(owner).map(({ cluster, object }) => ({
        cluster,
        object: { ...object, data: { color, version: String(version) } } as KubeObject,
        over: { resourceVersion: read?.metadata.resourceVersion },
      }));
      return { ...widgetPlan(owner, world), objects };
    },
  });
  await declare({ maps: ["ke/one"], color: "blue" });
  await says("Synced", "True Applied");
  expect(versionOf(await map(ke, "one"))).toBe(1);

  quicker = 1;
  await declare({ maps: ["ke/one"], color: "green" });
  await says("Synced", "True Applied");
  const found = await until("the newest color", async () => {
    const seen = await map(ke, "one");
    return seen?.data?.["color"] === "green" ? seen : undefined;
  });
  expect(versionOf(found)).toBe(501);
});

test.each([
  ["over what was read before", true],
  ["over nothing, as no cache shows it any more", false],
])(
  "REL-19 labels that a hand takes away between look and write come back where it is written %s",
  async (_, before) => {
    let strips = 0;
    let read: ConfigMap | undefined;
    await begin({
      async observe() {
        const cache = bench.clusters.get("ke")?.cache(configMaps);
        read = cache?.get({ namespace, name: "one" });
        if (read && strips-- > 0) {
          const json = [{ op: "remove", path: "/metadata/labels" }];
          await ke.patch(configMaps, { namespace, name: "one" }, { json });
          await until("the watch to lose it", () => cache?.get({ namespace, name: "one" }) === undefined);
          if (!before) read = undefined;
        }
        return 1;
      },
      plan(owner, world) {
        const over = { resourceVersion: read?.metadata.resourceVersion };
        return { ...widgetPlan(owner, world), objects: mapsOf(owner).map((each) => ({ ...each, over })) };
      },
    });
    await declare({ maps: ["ke/one"], color: "blue" });
    await says("Synced", "True Applied");
    await bench.settled();

    strips = 1;
    await declare({ maps: ["ke/one"], color: "green" });
    const found = await until("the newest color and the labels", async () => {
      const seen = await map(ke, "one");
      return seen?.data?.["color"] === "green" && seen.metadata.labels ? seen : undefined;
    });
    expect(found.metadata.labels?.["app.kubernetes.io/managed-by"]).toBe("widget-operator");
    await says("Synced", "True Applied");
  },
);

test("a plan that holds prunes nothing, and one that abandons a cluster forgets what is there", async () => {
  await begin({
    plan(owner, world) {
      const plan = widgetPlan(owner, world);
      if (owner.spec.fail === "hold") return { ...plan, objects: [], hold: true };
      return owner.spec.fail === "abandon" ? { ...plan, objects: [], abandon: ["ke"] } : plan;
    },
  });
  await declare({ maps: ["home/one", "ke/two"] });
  await says("Synced", "True Applied");
  await declare({ maps: ["home/one", "ke/two"], fail: "hold" });
  await says("Synced", "True Applied");
  expect(await inventory()).toEqual(["home/one", "ke/two"]);
  await declare({ maps: ["home/one", "ke/two"], fail: "abandon" });
  await until("both to be forgotten", async () => (await inventory()).length === 0);
  expect(await map(home, "one")).toBeUndefined();
  expect(await map(ke, "two")).toBeDefined();
});

test("REL-18 a field that is no longer wanted is removed", async () => {
  await begin({
    plan: (owner, world) => ({
      ...widgetPlan(owner, world),
      objects: mapsOf(owner).map(({ cluster, object }) => ({
        cluster,
        object: owner.spec.color === undefined ? { ...object, data: {} } : object,
      })),
    }),
  });
  await declare({ maps: ["ke/one"], color: "red" });
  await says("Synced", "True Applied");
  await declare({ maps: ["ke/one"] });
  await says("Synced", "True Applied");
  expect((await map(ke, "one"))?.data ?? {}).toEqual({});
});

test("a value that the server spells otherwise is no reason to write again", async () => {
  const quota = (owner: Widget): Manifest => ({
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { namespace: owner.metadata.namespace, name: "q" },
    spec: { hard: { cpu: "1000m" }, scopeSelector: { matchExpressions: [] } },
  });
  await begin({
    plan: (owner, world) => ({ ...widgetPlan(owner, world), objects: [{ object: quota(owner) }] }),
  });
  await declare({ maps: [] });
  await says("Synced", "True Applied");
  await bench.settled();
  const before = bench.writes();
  bench.runner.queue.add(`${namespace}/w`);
  await bench.settled();
  expect(bench.writes()).toBe(before);
});

test("a process that does not lead writes nothing", async () => {
  let leads = false;
  await begin({}, () => leads);
  await declare({ maps: ["ke/one"] });
  await bench.settled();
  expect(bench.writes()).toBe(0);
  leads = true;
  expect(await says("Synced", "True Applied")).toBe(true);
});

test("a new resource waits for no worker that is busy with others", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `slow-${index}`);
  for (const name of names) {
    const slow = {
      apiVersion: "example.org/v1",
      kind: "Widget",
      metadata: { namespace, name },
      spec: { maps: [] },
    };
    await home.create(widgets, slow);
  }
  const { promise: forEver, resolve: letGo } = Promise.withResolvers<number>();
  await begin({ observe: ({ metadata }) => (metadata.name === "w" ? 1 : forEver) });
  await until("all workers to be busy", () => bench.runner.queue.inWork.size === 10);
  await declare({ maps: ["home/one"] });
  try {
    await until("the new one's object", async () => (await map(home, "one")) !== undefined);
    expect(bench.runner.queue.inWork.size).toBeGreaterThanOrEqual(10);
  } finally {
    letGo(0);
  }
});
