import type { RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, expect, test } from "vitest";

import type { Client } from "./client.ts";
import { createClient } from "./client.ts";
import { staticCredentials } from "./credentials.ts";
import { guardedClient } from "./guarded-client.ts";
import { configMaps } from "./resources.ts";
import type { RequestOutcome } from "./transport-request.ts";

const key = { namespace: "n", name: "a" };
const found = { apiVersion: "v1", kind: "ConfigMap", metadata: key };
let server: Server;
let client: Client;
let outcomes: RequestOutcome[];

/** A server whose answers are scripted: it stands for what no real API server does on request. */
const serve = async (
  listener: RequestListener,
  options: { readonly attemptMs?: number; readonly timeoutMs?: number; readonly connections?: number } = {},
) => {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  outcomes = [];
  client = createClient(staticCredentials({ server: `http://127.0.0.1:${port}/prefix`, token: "t" }), {
    userAgent: "transport-test",
    onRequest: (outcome) => outcomes.push(outcome),
    ...options,
  });
};
afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("a request carries the path prefix, the token and the name of the program", async () => {
  await serve(({ url, headers }, response) => {
    const seen = { url, who: headers.authorization, agent: headers["user-agent"] };
    response.end(JSON.stringify({ ...found, seen }));
  });
  expect(await client.get(configMaps, key)).toMatchObject({
    seen: { url: "/prefix/api/v1/namespaces/n/configmaps/a", who: "Bearer t", agent: "transport-test" },
  });
});

test("REL-08 a throttled create waits as long as the server asks, then goes through", async () => {
  const times: number[] = [];
  await serve((_request, response) => {
    times.push(performance.now());
    if (times.length === 1) response.writeHead(429, { "retry-after": "1" }).end();
    else response.writeHead(201).end(JSON.stringify(found));
  });
  await client.create(configMaps, found);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  expect(outcomes.map(({ code, retried }) => [code, retried])).toEqual([
    ["429", false],
    ["201", true],
  ]);
});

test("a client certificate that is none fails requests and watches, and ends nothing", async () => {
  await serve(() => {});
  const credentials = staticCredentials({ server: "https://127.0.0.1:1", cert: "none", key: "none" });
  const broken = createClient(credentials, { userAgent: "transport-test", timeoutMs: 2_000 });
  await expect(broken.create(configMaps, found)).rejects.toThrow(/127.0.0.1:1 cannot be reached: .*PEM/);
  const watch = broken.watch(configMaps, { resourceVersion: "1" });
  await expect(watch[Symbol.asyncIterator]().next()).rejects.toThrow(/PEM/);
  await broken.close();
});

test("a get is repeated after 503 and broken connections, a create is not", async () => {
  let asked = 0;
  await serve((request, response) => {
    asked++;
    if (request.method === "POST" || asked === 1) response.writeHead(503).end();
    else if (asked === 2) request.socket.resetAndDestroy();
    else response.end(JSON.stringify(found));
  });
  expect(await client.get(configMaps, key)).toEqual(found);
  expect(asked).toBe(3);
  await expect(client.create(configMaps, found)).rejects.toMatchObject({ status: 503 });
  expect(asked).toBe(4);
});

test("a server that never answers costs the deadline and no more", async () => {
  await serve(() => {}, { attemptMs: 100, timeoutMs: 350 });
  await expect(client.get(configMaps, key)).rejects.toMatchObject({ reason: "DeadlineExceeded", status: 0 });
  expect(outcomes.length).toBeGreaterThan(1);
  expect(outcomes.every(({ code }) => code === "<error>")).toBe(true);
});

test("a dead connection holds a request up for one attempt only", async () => {
  let asked = 0;
  await serve(
    (_request, response) => {
      if (asked++ > 0) response.end(JSON.stringify(found));
    },
    { attemptMs: 200 },
  );
  expect(await client.get(configMaps, key)).toEqual(found);
});

test("an answer that stops in the middle is asked for again", async () => {
  let asked = 0;
  await serve((request, response) => {
    const body = JSON.stringify(found);
    response.writeHead(200, { "content-length": body.length });
    if (asked++ > 0) response.end(body);
    else response.write(body.slice(0, 5), () => request.socket.resetAndDestroy());
  });
  expect(await client.get(configMaps, key)).toEqual(found);
});

test("many requests share few connections", async () => {
  let connections = 0;
  await serve((_request, response) => void response.end(JSON.stringify(found)));
  server.on("connection", () => connections++);
  await Promise.all(Array.from({ length: 200 }, () => client.get(configMaps, key)));
  expect(connections).toBeLessThanOrEqual(16);
});

test("an answer that is no API server's says so", async () => {
  await serve((_request, response) => void response.end("<html>"));
  await expect(client.get(configMaps, key)).rejects.toMatchObject({ reason: "Malformed" });
});

test("an aborted request ends with the reason given", async () => {
  await serve(() => {});
  const reason = new Error("no longer needed");
  const controller = new AbortController();
  const asked = client.get(configMaps, key, { signal: controller.signal });
  controller.abort(reason);
  await expect(asked).rejects.toBe(reason);
});

test("a deletion leaves its connection open for later requests", async () => {
  let connections = 0;
  await serve((request, response) => request.resume().on("end", () => response.end(JSON.stringify(found))));
  server.on("connection", () => connections++);
  for (let left = 10; left > 0; left--) await client.delete(configMaps, key);
  // The next may be sent before the answered one's connection counts as free.
  expect(connections).toBeLessThanOrEqual(3);
});

test("a request that is given up while it waits for a connection is never sent", async () => {
  const asked: string[] = [];
  const held = Promise.withResolvers<void>();
  await serve(
    ({ url = "" }, response) => {
      asked.push(url.slice(url.lastIndexOf("/") + 1));
      void held.promise.then(() => response.end(JSON.stringify(found)));
    },
    { connections: 1 },
  );
  const first = client.get(configMaps, { ...key, name: "first" });
  const reason = new Error("no longer needed");
  const controller = new AbortController();
  const second = client.get(configMaps, { ...key, name: "second" }, { signal: controller.signal });
  controller.abort(reason);
  await expect(second).rejects.toBe(reason);
  held.resolve();
  await first;
  await client.get(configMaps, { ...key, name: "third" });
  expect(asked).toEqual(["first", "third"]);
});

test("a request that was given up before it began is not sent, also over a connection that is open", async () => {
  const asked: string[] = [];
  await serve(({ method = "" }, response) => {
    asked.push(method);
    response.end(JSON.stringify(found));
  });
  await client.get(configMaps, key);
  const reason = new Error("no longer needed");
  const created = client.create(configMaps, found, { signal: AbortSignal.abort(reason) });
  await expect(created).rejects.toBe(reason);
  await client.get(configMaps, key);
  expect(asked).toEqual(["GET", "GET"]);
});

test("a server that is not there is unreachable", async () => {
  await serve(() => {}, { timeoutMs: 300 });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await expect(client.get(configMaps, key)).rejects.toMatchObject({ reason: "Unreachable" });
});

test("REL-11 a write that waited for a connection is not sent by a process that has lost the lead meanwhile", async () => {
  let leads = true;
  const asked: string[] = [];
  const reached = Promise.withResolvers<() => void>();
  await serve(
    ({ method = "" }, response) => {
      asked.push(method);
      reached.resolve(() => response.end(JSON.stringify(found)));
    },
    { connections: 1 },
  );
  const guarded = guardedClient(client, (access) => {
    if (access === "write" && !leads) throw new Error("does not lead");
  });
  const reading = guarded.get(configMaps, key);
  const answer = await reached.promise;
  const writing = guarded.apply(configMaps, found, { fieldManager: "test" }).catch(String);
  await new Promise((resolve) => setImmediate(resolve));
  leads = false;
  answer();
  await reading;
  await expect(writing).resolves.toContain("does not lead");
  expect(asked).toEqual(["GET"]);
});

test("REL-11 a write whose answer does not come is not sent again by a process that has lost the lead", async () => {
  let leads = true;
  let sent = 0;
  await serve(
    () => {
      sent++;
      leads = false;
    },
    { attemptMs: 50 },
  );
  const guarded = guardedClient(client, (access) => {
    if (access === "write" && !leads) throw new Error("does not lead");
  });
  await expect(guarded.apply(configMaps, found, { fieldManager: "test" })).rejects.toThrow("does not lead");
  expect(sent).toBe(1);
});
