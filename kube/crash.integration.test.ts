import { afterAll, beforeAll, expect, test } from "vitest";

import type { Client } from "./client.ts";
import type { ConfigMap } from "./resources.ts";
import { configMaps } from "./resources.ts";
import type { TestApiServer } from "./testing/api-server.ts";
import { startTestApiServer } from "./testing/api-server.ts";
import type { Fault, SeenRequest } from "./testing/proxy.ts";
import { until } from "./testing/until.ts";
import type { Widget } from "./testing/widget.ts";
import { widgets } from "./testing/widget.ts";
import type { Workbench } from "./testing/workbench.ts";
import { installWidgets, startWorkbench } from "./testing/workbench.ts";

let servers: { home: TestApiServer; ke: TestApiServer };
let home: Client;
let ke: Client;

beforeAll(async () => {
  const [first, second] = await Promise.all([startTestApiServer(), startTestApiServer()]);
  servers = { home: first, ke: second };
  home = first.client();
  ke = second.client();
  await installWidgets(home);
});
afterAll(() => Promise.all([servers.home.stop(), servers.ke.stop()]));

/** A life: made with two maps, changed so that one is pruned, one updated and one made, then deleted. */
interface Life {
  readonly specs: readonly Widget["spec"][];
  readonly statusLast: boolean;
}
const twoClusters: readonly Widget["spec"][] = [
  { maps: ["home/a", "ke/b"], color: "red" },
  { maps: ["home/a", "ke/c"], color: "blue" },
];
const oneCluster: readonly Widget["spec"][] = [
  { maps: ["home/a", "home/b"], color: "red" },
  { maps: ["home/a", "home/c"], color: "blue" },
];
const mapsIn = ({ maps, color }: Widget["spec"], cluster: string): readonly string[] =>
  maps
    .filter((map) => map.startsWith(`${cluster}/`))
    .map((map) => `${map.slice(cluster.length + 1)} ${color}`);

const namesIn = async (client: Client, namespace: string): Promise<readonly string[]> =>
  (
    await client.list<ConfigMap>(configMaps, { namespace, labelSelector: "example.org/owner-kind=Widget" })
  ).items
    .map(({ metadata, data }) => `${metadata.name} ${data?.["color"]}`)
    .toSorted();

/** Runs the life; the controller process dies at its n-th write, before or after it takes effect, and is started anew. */
async function live({ specs, statusLast }: Life, dieAt: number, how: Fault | undefined): Promise<number> {
  const namespace = await servers.home.newNamespace();
  await servers.ke.newNamespace();
  let writes = 0;
  let dead = false;
  const fault = ({ method }: SeenRequest): Fault | undefined => {
    if (dead) return "reset";
    if (method === "GET" || ++writes !== dieAt) return undefined;
    dead = true;
    return how;
  };
  const begin = async (): Promise<Workbench> => {
    const bench = await startWorkbench(servers, { statusLast });
    bench.proxies.home.fault = fault;
    bench.proxies.ke.fault = fault;
    return bench;
  };
  let bench = await begin();
  const reached = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
    await until(what, async () => {
      if (dead) {
        await bench.stop();
        dead = false;
        writes = Number.POSITIVE_INFINITY;
        bench = await begin();
      }
      return condition();
    });
  };
  const key = { namespace, name: "w" };
  for (const spec of specs) {
    const widget = { apiVersion: "example.org/v1", kind: "Widget", metadata: key, spec };
    const { object } = await home.apply(widgets, widget, { fieldManager: "kubectl" });
    await reached("the spec to be in place", async () => {
      const status = (await home.get(widgets, key))?.status;
      const synced = status?.conditions?.find(({ type }) => type === "Synced");
      const names = (status?.inventory ?? []).map(({ cluster, name, uid }) => uid && `${cluster}/${name}`);
      return (
        synced?.status === "True" &&
        synced.observedGeneration === object.metadata.generation &&
        names.join() === spec.maps.join()
      );
    });
    expect(await namesIn(home, namespace)).toEqual(mapsIn(spec, "home"));
    expect(await namesIn(ke, namespace)).toEqual(mapsIn(spec, "ke"));
  }
  await home.delete(widgets, key);
  await reached("the widget to go", async () => (await home.get(widgets, key)) === undefined);
  expect([...(await namesIn(home, namespace)), ...(await namesIn(ke, namespace))]).toEqual([]);
  await bench.stop();
  return writes;
}

test.each([
  { how: "status first, in two clusters", specs: twoClusters, statusLast: false },
  { how: "status last, in one cluster", specs: oneCluster, statusLast: true },
])(
  "REL-01: a controller that dies before or after any of its writes ends where an undisturbed one does: $how",
  async (life) => {
    const writes = await live(life, 0, undefined);
    expect(writes).toBeGreaterThan(life.statusLast ? 8 : 10);
    for (let dieAt = 1; dieAt <= writes; dieAt++) {
      await live(life, dieAt, "reset");
      await live(life, dieAt, "lose answer");
    }
  },
  300_000,
);

test("what was made before a crash and is in no status is pruned when nobody wants it any more", async () => {
  const namespace = await servers.home.newNamespace();
  const key = { namespace, name: "w" };
  const declare = (...maps: readonly string[]) =>
    home.apply(
      widgets,
      { apiVersion: "example.org/v1", kind: "Widget", metadata: key, spec: { maps } },
      { fieldManager: "kubectl" },
    );
  const first = await startWorkbench(servers, { statusLast: true });
  // After the first map every request fails, as when the process had died there.
  let dead = false;
  first.proxies.home.fault = ({ method, path }) => {
    if (dead) return "reset";
    dead = method === "PATCH" && path.includes("/configmaps/");
    return undefined;
  };
  await declare("home/first", "home/second");
  await until("the first map", async () => (await namesIn(home, namespace)).length === 1);
  await first.stop();
  expect((await home.get(widgets, key))?.status).toBeUndefined();
  await declare("home/other");
  const second = await startWorkbench(servers, { statusLast: true });
  await until("the other map alone", async () => (await namesIn(home, namespace)).join() === "other grey");
  await second.stop();
});
