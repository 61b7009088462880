import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import type { Change } from "./cache.ts";
import { Cache } from "./cache.ts";
import type { Client } from "./client.ts";
import { createClient } from "./client.ts";
import { Reflector } from "./reflector.ts";
import type { ConfigMap } from "./resources.ts";
import { configMaps } from "./resources.ts";
import type { TestApiServer } from "./testing/api-server.ts";
import { startTestApiServer } from "./testing/api-server.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { FaultyProxy } from "./testing/proxy.ts";
import { until } from "./testing/until.ts";

let server: TestApiServer;
let proxy: FaultyProxy;
let admin: Client;
let client: Client;
let namespace: string;
let cache: Cache<ConfigMap>;
let changes: Change<ConfigMap>[];
let reflector: Reflector<ConfigMap>;

beforeAll(async () => {
  server = await startTestApiServer();
  admin = server.client();
});
afterAll(() => server.stop());

beforeEach(async () => {
  proxy = new FaultyProxy(server.credentials);
  client = createClient(await server.credentialsAt(await proxy.start()), { userAgent: "reflector-test" });
  namespace = await server.newNamespace();
  cache = new Cache({ resource: configMaps });
  changes = [];
  cache.subscribe((change) => changes.push(change));
});
afterEach(async () => {
  await reflector.stop();
  await client.close();
  await proxy.stop();
});

const start = (options: { readonly silenceMs?: number } = {}): void => {
  reflector = new Reflector({ client, cache, namespace, ...options });
  reflector.start();
};
const write = async (name: string, x = "1"): Promise<ConfigMap> => {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data: { x } };
  return (await admin.apply(configMaps, object, { fieldManager: "test" })).object;
};
const value = (name: string): string | undefined => cache.get({ namespace, name })?.data?.["x"];
const arrives = (name: string, x = "1"): Promise<unknown> => until(`${name}=${x}`, () => value(name) === x);

test("what is there comes in one streamed picture, and changes follow", async () => {
  await write("before");
  start();
  await cache.whenSynced;
  expect(value("before")).toBe("1");
  await write("after");
  expect(await arrives("after")).toBe(true);
  await write("after", "2");
  expect(await arrives("after", "2")).toBe(true);
  await admin.delete(configMaps, { namespace, name: "before" });
  await until("the deletion", () => value("before") === undefined);
  expect(changes.map(({ type, initial }) => `${type}${initial ? " at first" : ""}`)).toEqual([
    "added at first",
    "added",
    "updated",
    "removed",
  ]);
  expect(proxy.seen).toHaveLength(1);
});

test("a watch that waits for a server goes on at once when it is told that the server answers", async () => {
  // Its clock never moves: no wait ends by itself.
  reflector = new Reflector({ client, cache, namespace, clock: manualClock() });
  reflector.start();
  await cache.whenSynced;
  proxy.breakWatches("reset");
  await until("the watch to wait", () => reflector.error !== undefined);
  await write("meanwhile");
  reflector.hurry();
  expect(await arrives("meanwhile")).toBe(true);
});

test("a server without WatchList is listed page by page", async () => {
  await write("before");
  proxy.fault = ({ path }) =>
    path.includes("sendInitialEvents")
      ? { answer: 422, body: { kind: "Status", code: 422, reason: "Invalid" } }
      : undefined;
  start();
  await cache.whenSynced;
  expect(value("before")).toBe("1");
  await write("after");
  expect(await arrives("after")).toBe(true);
});

test("a watch that ends and then meets 503 goes on where it was", async () => {
  start();
  await cache.whenSynced;
  await write("one");
  expect(await arrives("one")).toBe(true);
  let refusals = 0;
  proxy.fault = ({ isWatch }) => (isWatch && refusals++ < 2 ? { answer: 503 } : undefined);
  proxy.breakWatches("end");
  await write("two");
  expect(await arrives("two")).toBe(true);
  expect(refusals).toBeGreaterThanOrEqual(2);
  expect(changes.filter(({ initial }) => initial)).toEqual([]);
});

test("a connection reset in the middle of a watch loses nothing", async () => {
  start();
  await cache.whenSynced;
  await write("one");
  expect(await arrives("one")).toBe(true);
  proxy.breakWatches("reset");
  await write("two");
  expect(await arrives("two")).toBe(true);
});

test("a watch that went on without an event is connected all the same", async () => {
  start();
  await cache.whenSynced;
  await until("the first watch", () => reflector.connected);
  let watches = 0;
  proxy.fault = ({ isWatch }) => {
    if (isWatch) watches++;
    return undefined;
  };
  proxy.breakWatches("end");
  expect(await until("the next watch", () => watches > 0 && reflector.connected)).toBe(true);
  expect(changes).toEqual([]);
});

test("a server that refuses the first list is asked again until it answers", async () => {
  let refusals = 0;
  proxy.fault = () => (refusals++ < 2 ? { answer: 500 } : undefined);
  start();
  await cache.whenSynced;
  expect(refusals).toBe(3);
});

const expired = {
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  reason: "Expired",
  code: 410,
  message: "too old",
};

test("REL-04 410 as an event brings a new picture, in which missed deletions are seen", async () => {
  await write("doomed");
  start();
  await cache.whenSynced;
  proxy.breakWatches("stall");
  await admin.delete(configMaps, { namespace, name: "doomed" });
  proxy.breakWatches({ event: { type: "ERROR", object: expired } });
  await until("the missed deletion", () => value("doomed") === undefined);
  await write("after");
  expect(await arrives("after")).toBe(true);
});

test("410 as an answer brings a new picture", async () => {
  await write("kept");
  start();
  await cache.whenSynced;
  let refusals = 0;
  proxy.fault = ({ path }) =>
    path.includes("resourceVersion=") && refusals++ < 1 ? { answer: 410, body: expired } : undefined;
  proxy.breakWatches("reset");
  await until("the refusal", () => refusals > 0);
  proxy.fault = () => undefined;
  await write("after");
  expect(await arrives("after")).toBe(true);
  expect(value("kept")).toBe("1");
});

test("REL-03 a watch that goes silent on an open connection is replaced", async () => {
  start({ silenceMs: 1_500 });
  await cache.whenSynced;
  proxy.breakWatches("stall");
  await write("unseen");
  expect(await arrives("unseen")).toBe(true);
});

test("versions that went backwards bring a new picture instead of a watch that hangs", async () => {
  await write("kept");
  start();
  await cache.whenSynced;
  const written = await write("far");
  expect(await arrives("far")).toBe(true);
  const far = {
    ...written,
    metadata: { namespace, name: "ghost", uid: "ghost", resourceVersion: "999999999" },
  };
  const haunted = until("the ghost", () => changes.some(({ object }) => object.metadata.name === "ghost"));
  proxy.breakWatches({ event: { type: "ADDED", object: far } });
  await haunted;
  proxy.breakWatches("reset");
  await until("the ghost to go", () => value("ghost") === undefined);
  await write("after");
  expect(await arrives("after")).toBe(true);
  expect(value("kept")).toBe("1");
});

test("an event older than the one before it brings a new picture, on the watch that told it", async () => {
  start();
  await cache.whenSynced;
  const { metadata, ...rest } = await write("far");
  const ghost = { ...metadata, name: "ghost", uid: "ghost", resourceVersion: "999999999" };
  proxy.breakWatches({ event: { type: "ADDED", object: { ...rest, metadata: ghost } } });
  await until("the ghost", () => changes.some(({ object }) => object.metadata.name === "ghost"));
  await write("older");
  expect(await arrives("older")).toBe(true);
  expect(value("ghost")).toBeUndefined();
  expect(value("far")).toBe("1");
});

test("a subscriber that throws does not end the watch", async () => {
  cache.subscribe(() => {
    throw new Error("a bug");
  });
  start();
  await cache.whenSynced;
  await write("one");
  await write("two");
  expect(await arrives("two")).toBe(true);
});

test("REL-02 the server going away for a while is survived", async () => {
  start();
  await cache.whenSynced;
  await server.restart();
  await write("after");
  expect(await arrives("after")).toBe(true);
});
