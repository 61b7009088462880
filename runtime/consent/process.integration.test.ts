import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PAYLOAD_KEY, SHARD_LABEL, SIGNATURE_KEY, type Roster } from "../../crds/shard.ts";
import { LIVE_CONSENTS } from "../../crds/live-consents.ts";
import type { Lease } from "../../kube/resources.ts";
import { startControlPlane, type ControlPlane } from "../../local/testing/control-plane.ts";
import { createClient, type PlainClient } from "../../local/testing/plain-client.ts";
import { startRedis, type RedisServer } from "../../local/testing/redis.ts";
import { until } from "../../local/wait.ts";
import {
  startStackDatabase,
  TEST_NAMESPACE,
  type StackDatabase,
} from "../database/testing/stack-database.ts";
import { liveConsentsIn } from "../../operator/signed/live-consents.ts";
import { REVOKED_CHANNEL } from "../service/consent-snapshot.ts";
import { CONTEXT_HEADER, encodeContext } from "../service/context.ts";
import { createUpstream, type Upstream } from "../service/mtls-client.ts";
import { startServiceProcess, untilReady, type ServiceProcess } from "../service/testing/service-process.ts";
import { ACME, aRoster, aShard, testSigner } from "../service/testing/signed.ts";
import type { SignedConfigMap } from "../service/signed-document.ts";
import { CONSENTS_PATH } from "./testing/consent-service.ts";
import { POLICY, requestOf } from "./testing/consents.ts";

let stack: StackDatabase;
let plane: ControlPlane;
let kubernetes: PlainClient;
let redisServer: RedisServer;
let redis: Redis;
let service: ServiceProcess;
let gateway: Upstream;
let oauth: Upstream;
const told: string[] = [];
const signer = testSigner();
const folder = await mkdtemp(join(tmpdir(), "consent-"));
const stops: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];

const maps = `/api/v1/namespaces/${TEST_NAMESPACE}/configmaps`;

/** Writes a signed document as the operator does. */
async function publish({ name, payload, signature }: SignedConfigMap, kind: string): Promise<void> {
  const body = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, labels: { [SHARD_LABEL]: kind } },
    data: { [PAYLOAD_KEY]: payload, [SIGNATURE_KEY]: signature },
  };
  const { status } = await kubernetes.call("PUT", `${maps}/${name}`, body);
  if (status === 404) await kubernetes.call("POST", maps, body);
}

function rosterOf(version: number, partners: Roster["partners"]): SignedConfigMap {
  return signer.roster(aRoster({ group: "test", version, issuedAt: new Date().toISOString(), partners }));
}

const context = encodeContext({
  clientId: ACME,
  partnerName: "Acme Finance",
  scope: "accounts",
  interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
});

async function authorised(): Promise<string> {
  const asked = await gateway.request({
    method: "POST",
    path: CONSENTS_PATH,
    headers: { [CONTEXT_HEADER]: context },
    body: { json: requestOf() },
  });
  expect(asked.status).toBe(201);
  const { ConsentId } = (asked.json() as { readonly Data: { readonly ConsentId: string } }).Data;
  const sca = { method: "otp", at: new Date().toISOString() };
  const json = { customer: "cus-1", accounts: ["acc-1"], grantId: "g-1", sca };
  const path = `/internal/consents/${ConsentId}/authorise`;
  expect((await oauth.request({ method: "POST", path, body: { json } })).status).toBe(200);
  return ConsentId;
}

beforeAll(async () => {
  [stack, plane] = await Promise.all([startStackDatabase(), startControlPlane()]);
  stops.push(
    () => stack.stop(),
    () => plane.stop(),
  );
  const material = async (name: string) => (await stack.identity(name)).current();
  const server = await material("redis");
  const files = {
    certificate: join(folder, "redis.crt"),
    key: join(folder, "redis.key"),
    authority: join(folder, "ca.crt"),
  };
  await writeFile(files.certificate, server.cert);
  await writeFile(files.key, server.key);
  await writeFile(files.authority, server.ca);
  redisServer = await startRedis({ tls: files });
  stops.push(() => redisServer.stop());
  redis = new Redis({
    port: redisServer.port,
    host: "localhost",
    tls: { ...(await material("gateway")), servername: "localhost" },
  });
  stops.push(() => redis.disconnect());
  await redis.subscribe(REVOKED_CHANNEL);
  redis.on("message", (_channel, message) => told.push(message));

  kubernetes = createClient(plane.kubeconfig);
  await kubernetes.call("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: TEST_NAMESPACE },
  });
  await publish(signer.shard(aShard({ group: "test", policy: POLICY })), "shard");
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, plane.kubeconfig);
  service = await startServiceProcess({
    main: join(import.meta.dirname, "main.ts"),
    config: { ...stack.config, trust: signer.trust, redis: { host: "localhost", port: redisServer.port } },
    identity: await material("consent"),
    env: { KUBECONFIG: kubeconfig, WEKEZA_REDIS_PASSWORD: "" },
  });
  stops.push(() => service.stop());
  const origin = `https://localhost:${service.port}`;
  gateway = createUpstream({ identity: await stack.identity("gateway"), origin });
  oauth = createUpstream({ identity: await stack.identity("oauth"), origin });
  stops.push(
    () => gateway.close(),
    () => oauth.close(),
  );
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

test("it is not ready without a roster, and is with one", async () => {
  await until(async () => (await service.ready()).text.includes("no roster yet"), {
    timeout: 20_000,
    what: "the service to say what it waits for",
  });
  await publish(
    rosterOf(1, [{ clientId: ACME, minimumVersion: 1, suspended: false, revoked: [] }]),
    "roster",
  );
  await untilReady(service);
  expect(await service.ready()).toMatchObject({ ok: true });
});

test("a consent is asked for, authorised and deleted over service mTLS, and its end is told", async () => {
  const id = await authorised();
  const path = `${CONSENTS_PATH}/${id}`;
  const deleted = await gateway.request({ method: "DELETE", path, headers: { [CONTEXT_HEADER]: context } });
  expect(deleted.status).toBe(204);
  await until(async () => told.includes(JSON.stringify({ consent: id })), {
    timeout: 5_000,
    what: "the revocation",
  });
  const { consents } = (await gateway.request({ method: "GET", path: "/internal/revocations" })).json() as {
    readonly consents: readonly string[];
  };
  expect(consents).toContain(id);
});

test("a service that is not on its list is refused, and a stranger gets no connection", async () => {
  const origin = `https://localhost:${service.port}`;
  const seed = createUpstream({ identity: await stack.identity("seed"), origin });
  expect((await seed.request({ method: "GET", path: "/internal/revocations" })).status).toBe(403);
  await seed.close();
  await expect(fetch(`${origin}/internal/revocations`)).rejects.toThrow("fetch failed");
});

test("when the roster no longer lists a partner its consents end, and their rows stay", async () => {
  const id = await authorised();
  await publish(rosterOf(2, []), "roster");
  await until(async () => told.includes(JSON.stringify({ consent: id })), {
    timeout: 15_000,
    what: "the revocation",
  });
  const answer = await oauth.request({ method: "GET", path: `/internal/consents/${id}` });
  expect(answer.json()).toMatchObject({ id, status: "CANC", clientId: ACME });
});

test("it ends when told to", async () => {
  await expect(service.stop()).resolves.toBe(0);
});

test("it says how many live consents the stack holds", async () => {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${TEST_NAMESPACE}/leases/${LIVE_CONSENTS}`;
  const said = await until(
    async () => {
      const { status, body } = await kubernetes.call("GET", path);
      return status === 200 ? (body as unknown as Lease) : undefined;
    },
    { timeout: 20_000, what: "the Lease" },
  );
  expect(liveConsentsIn(said, new Date())).toBeDefined();
});
