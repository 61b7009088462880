import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PAYLOAD_KEY, SHARD_LABEL, SIGNATURE_KEY } from "../../crds/shard.ts";
import { startControlPlane, type ControlPlane } from "../../local/testing/control-plane.ts";
import { createClient, type PlainClient } from "../../local/testing/plain-client.ts";
import { until } from "../../local/wait.ts";
import {
  startStackDatabase,
  TEST_NAMESPACE,
  type StackDatabase,
} from "../database/testing/stack-database.ts";
import { asSuperuser } from "../database/bootstrap.ts";
import { CONTEXT_HEADER, encodeContext } from "../service/context.ts";
import { createLog } from "../service/logger.ts";
import { createUpstream, type Upstream } from "../service/mtls-client.ts";
import { createDatabase, type Database } from "../service/postgres.ts";
import type { SignedConfigMap } from "../service/signed-document.ts";
import {
  runJob,
  startServiceProcess,
  untilReady,
  type ServiceProcess,
} from "../service/testing/service-process.ts";
import { ACME, aRoster, aShard, testSigner } from "../service/testing/signed.ts";
import { EVENTS_PATH } from "./polling-routes.ts";
import { SUBSCRIPTIONS_PATH } from "./subscription-routes.ts";
import { newJwk } from "./testing/keys.ts";
import { write } from "./testing/outbox.ts";
import { startReceiver, type Receiver } from "./testing/receiver.ts";

let stack: StackDatabase;
let plane: ControlPlane;
let kubernetes: PlainClient;
let consent: Database;
let receiver: Receiver;
let service: ServiceProcess;
let gateway: Upstream;
let config: object;
const signer = testSigner();
const folder = await mkdtemp(join(tmpdir(), "events-"));
const stops: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];

/** Writes a signed document as the operator does; `again` over the one that is there. */
async function publish(document: SignedConfigMap, kind: string, again = false): Promise<void> {
  const { name, payload, signature } = document;
  const all = `/api/v1/namespaces/${TEST_NAMESPACE}/configmaps`;
  const { status } = await kubernetes.call(again ? "PUT" : "POST", again ? `${all}/${name}` : all, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, labels: { [SHARD_LABEL]: kind } },
    data: { [PAYLOAD_KEY]: payload, [SIGNATURE_KEY]: signature },
  });
  expect(status).toBe(again ? 200 : 201);
}

const headers = {
  [CONTEXT_HEADER]: encodeContext({
    clientId: ACME,
    partnerName: "Acme Finance",
    scope: "accounts",
    interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
  }),
};
const poll = async (request: object) => {
  const answer = await gateway.request({
    method: "POST",
    path: EVENTS_PATH,
    headers,
    body: { json: request },
    deadlineMs: 25_000,
  });
  expect(answer.status).toBe(200);
  return answer.json() as { readonly sets: Readonly<Record<string, string>> };
};

const launch = async () => ({
  main: join(import.meta.dirname, "main.ts"),
  config,
  identity: (await stack.identity("events")).current(),
  env: { KUBECONFIG: join(folder, "kubeconfig"), WEKEZA_EVENTS_KEYS: join(folder, "jwks.json") },
});

beforeAll(async () => {
  [stack, plane] = await Promise.all([startStackDatabase(), startControlPlane()]);
  stops.push(
    () => stack.stop(),
    () => plane.stop(),
  );
  const log = createLog("consent", { level: "silent" });
  consent = createDatabase({
    config: stack.database,
    user: "consent",
    identity: await stack.identity("consent"),
    log,
  });
  stops.push(() => consent.close());
  receiver = await startReceiver(stack.authority);
  stops.push(() => receiver.stop());
  kubernetes = createClient(plane.kubeconfig);
  await kubernetes.call("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: TEST_NAMESPACE },
  });
  await publish(signer.shard(aShard({ group: "test" })), "shard");
  const partners = [{ clientId: ACME, minimumVersion: 1, suspended: false, revoked: [] }];
  const issuedAt = new Date(Date.now() + 60_000).toISOString();
  await publish(signer.roster(aRoster({ group: "test", version: 1, issuedAt, partners })), "roster");
  await writeFile(join(folder, "kubeconfig"), plane.kubeconfig);
  await writeFile(join(folder, "jwks.json"), JSON.stringify({ keys: [newJwk("test")] }));
  config = {
    ...stack.config,
    trust: signer.trust,
    webhooks: { privateHosts: ["localhost"], trust: stack.authority.ca },
  };
  service = await startServiceProcess(await launch());
  await untilReady(service);
  gateway = createUpstream({
    identity: await stack.identity("gateway"),
    origin: `https://localhost:${service.port}`,
  });
  stops.push(() => gateway.close());
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

test("what happens in consent is answered to a poll that waits", async () => {
  const waiting = poll({});
  await write(consent, [{ subject: "aac-1", at: new Date(), payload: { client: ACME } }]);
  const { sets } = await waiting;
  expect(Object.keys(sets)).toHaveLength(1);
  await poll({ ack: Object.keys(sets), returnImmediately: true });
});

test("what happens in consent reaches a webhook, also what happened while nobody ran", async () => {
  const json = { Data: { Version: "4.0", CallbackUrl: receiver.url } };
  const made = await gateway.request({ method: "POST", path: SUBSCRIPTIONS_PATH, headers, body: { json } });
  expect(made.status).toBe(201);
  await write(consent, [{ subject: "aac-2", at: new Date(), payload: { client: ACME } }]);
  await until(async () => receiver.received.length === 1, { timeout: 10_000, what: "the first push" });

  expect(await service.stop()).toBe(0);
  await write(consent, [{ subject: "aac-3", at: new Date(), payload: { client: ACME } }]);
  service = await startServiceProcess(await launch());
  stops.push(() => service.stop());
  await until(async () => receiver.received.length === 2, { timeout: 30_000, what: "the second push" });
  expect(receiver.received.map(({ claims }) => claims.sub.split("/").at(-1))).toEqual(["aac-2", "aac-3"]);
});

test("a webhook that the partner's resource declares is told what happens, until it is taken out", async () => {
  const declared = await startReceiver(stack.authority);
  stops.push(() => declared.stop());
  const webhooks = [{ name: "ledger", url: declared.url }];
  const rows = (sql: string): Promise<readonly unknown[]> =>
    asSuperuser(stack.agent.socket, "wekeza", async (client) => (await client.query(sql)).rows);
  const known = async (count: number): Promise<boolean> =>
    (await rows("select from events.webhook")).length === count;
  await publish(signer.shard(aShard({ group: "test", version: 2, webhooks })), "shard", true);
  await until(() => known(1), { timeout: 30_000, what: "the webhook to be known" });
  await write(consent, [{ subject: "aac-4", at: new Date(), payload: { client: ACME } }]);
  await until(async () => declared.received.length === 1, {
    timeout: 30_000,
    what: "the declared webhook's push",
  });
  expect(declared.received[0]?.claims.sub).toContain("aac-4");

  declared.behave(() => 503);
  await write(consent, [{ subject: "aac-5", at: new Date(), payload: { client: ACME } }]);
  await until(async () => declared.received.length === 2, { timeout: 30_000, what: "a push that fails" });
  await publish(signer.shard(aShard({ group: "test", version: 3 })), "shard", true);
  await until(() => known(0), { timeout: 30_000, what: "the webhook to end" });
  expect(await rows("select url from events.delivery where outcome = 'Withdrawn'")).toEqual([
    { url: declared.url },
  ]);
});

test("a production stack does not start with private receivers", async () => {
  const { status, log } = await runJob({
    ...(await launch()),
    config: { ...config, environment: "production" },
  });
  expect(status).toBe(1);
  expect(log).toContain("A production stack calls webhooks on the Internet only");
});
