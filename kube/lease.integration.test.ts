import { afterAll, beforeAll, expect, test } from "vitest";

import type { Client } from "./client.ts";
import { createClient } from "./client.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LeaderElection } from "./lease.ts";
import { leases } from "./resources.ts";
import type { TestApiServer } from "./testing/api-server.ts";
import { startTestApiServer } from "./testing/api-server.ts";
import { FaultyProxy } from "./testing/proxy.ts";
import { until } from "./testing/until.ts";

let server: TestApiServer;
let admin: Client;
let namespace: string;

beforeAll(async () => {
  server = await startTestApiServer();
  admin = server.client();
  namespace = await server.newNamespace();
});
afterAll(() => server.stop());

/** A candidate with times short enough to watch. */
const candidate = (name: string, identity: string, client: Client = admin): LeaderElection => {
  const times = { durationMs: 1_500, renewDeadlineMs: 1_000, retryMs: 100 };
  const election = new LeaderElection({ client, key: { namespace, name }, identity, ...times });
  election.start();
  return election;
};
const leads = (election: LeaderElection): Promise<true> => until("the lead", () => election.held());

test("REL-32 one of two leads; when it stops the other leads at once, in the next epoch", async () => {
  const first = candidate("handover", "a");
  await leads(first);
  const second = candidate("handover", "b");
  await until(
    "the second to look",
    async () => (await admin.get(leases, { namespace, name: "handover" })) !== undefined,
  );
  expect([first.held(), second.held()]).toEqual([true, false]);
  const epoch = first.epoch ?? Number.NaN;
  await first.stop();
  expect(first.held()).toBe(false);
  await leads(second);
  expect(second.epoch).toBe(epoch + 1);
  await second.stop();
});

test("REL-11 a leader cut off from the server stops before another begins", async () => {
  const proxy = new FaultyProxy(server.credentials);
  const cut = createClient(await server.credentialsAt(await proxy.start()), { userAgent: "cut" });
  const first = candidate("cut", "a", cut);
  await leads(first);
  const second = candidate("cut", "b");
  proxy.fault = () => "reset";
  let overlaps = 0;
  await until("the second to lead", () => {
    if (first.held() && second.held()) overlaps++;
    return second.held();
  });
  expect(overlaps).toBe(0);
  expect(first.held()).toBe(false);
  // It never gives up: with the server back and the other gone it leads again.
  proxy.fault = () => undefined;
  await second.stop();
  await leads(first);
  await first.stop();
  await cut.close();
  await proxy.stop();
});

test("REL-31 a leader that hangs in its renewal does not count as one past its deadline", async () => {
  const proxy = new FaultyProxy(server.credentials);
  const slow = createClient(await server.credentialsAt(await proxy.start()), { userAgent: "slow" });
  const election = candidate("slow", "a", slow);
  await leads(election);
  proxy.fault = () => "hang";
  await until("the lead to lapse", () => !election.held());
  expect(election.epoch).toBeUndefined();
  proxy.fault = () => undefined;
  await leads(election);
  await election.stop();
  await slow.close();
  await proxy.stop();
});

test("REL-12 a deleted lease is made again, with one leader", async () => {
  const first = candidate("deleted", "a");
  await leads(first);
  await admin.delete(leases, { namespace, name: "deleted" });
  await until(
    "a new lease",
    async () => (await admin.get(leases, { namespace, name: "deleted" })) !== undefined,
  );
  expect(first.held()).toBe(true);
  await first.stop();
});

test("a restarted process of the same name leads without waiting, in a new epoch", async () => {
  const before = candidate("restart", "pod-0");
  await leads(before);
  const epoch = before.epoch ?? Number.NaN;
  const after = candidate("restart", "pod-0");
  await leads(after);
  expect(after.epoch).toBe(epoch + 1);
  await Promise.all([before.stop(), after.stop()]);
});

test("a heartbeat tells its newest report, at most once per interval, and goes with its process", async () => {
  const key = { namespace, name: "heart" };
  const proxy = new FaultyProxy(server.credentials);
  const client = createClient(await server.credentialsAt(await proxy.start()), { userAgent: "heart" });
  const heartbeat = new Heartbeat({ client, key, identity: "heart-0", leastMs: 200 });
  heartbeat.start();
  await until("the lease", async () => (await admin.get(leases, key)) !== undefined);
  for (let version = 1; version <= 50; version++)
    heartbeat.report({ "example.org/version": String(version) });
  const told = await until("the report", async () => {
    const annotations = (await admin.get(leases, key))?.metadata.annotations;
    return annotations?.["example.org/version"] === "50" && annotations;
  });
  expect(told).toEqual({ "example.org/version": "50" });
  expect(proxy.writes.length).toBeLessThanOrEqual(2);
  await heartbeat.stop();
  expect(await admin.get(leases, key)).toBeUndefined();
  await client.close();
  await proxy.stop();
});
