import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SERVED, SERVED_LABEL } from "../../../crds/shard.ts";
import { createClient, type Client } from "../../../kube/client.ts";
import { kubeconfigCredentials } from "../../../kube/kubeconfig.ts";
import { type Lease, leases, namespaces, roleBindings, roles } from "../../../kube/resources.ts";
import { startControlPlane } from "../../../local/testing/control-plane.ts";
import { until } from "../../../local/wait.ts";
import { TEST_NAMESPACE } from "../../database/testing/stack-database.ts";
import { CONTEXT_HEADER, encodeContext } from "../../service/context.ts";
import { createLog } from "../../service/logger.ts";
import { createUpstream, type Upstream } from "../../service/mtls-client.ts";
import { createServiceApp } from "../../service/mtls-server.ts";
import { startServiceProcess, untilReady } from "../../service/testing/service-process.ts";
import { startBank, type GatewayCall, type TestBank } from "../testing/bank.ts";
import { paying, single } from "../testing/paying.ts";

const GOOD = "ptn-0000000000000011";
const BAD = "ptn-0000000000000022";
const LATER = "ptn-0000000000000033";

/** What the region's role lets banking do with Leases (deploy/golden/region.yaml), and no more. */
const RULES = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update"] },
];

let bank: TestBank;
let world: ReturnType<typeof paying>;
let admin: Client;
let gateway: Upstream;
/** What the fraud service says; undefined: it is down. */
let score: ((client: string) => number) | undefined;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  const plane = await startControlPlane();
  stops.push(() => plane.stop());
  admin = createClient(kubeconfigCredentials(plane.kubeconfig, { trusted: false }), { userAgent: "test" });
  stops.push(() => admin.close());
  const user = `system:serviceaccount:${TEST_NAMESPACE}:banking`;
  await admin.create(namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: TEST_NAMESPACE },
  });
  const apiGroup = "rbac.authorization.k8s.io";
  const metadata = { name: "reporter", namespace: TEST_NAMESPACE };
  const role = { apiVersion: `${apiGroup}/v1`, kind: "Role", metadata, rules: RULES };
  await admin.create(roles, role as never);
  await admin.create(roleBindings, {
    apiVersion: `${apiGroup}/v1`,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup, kind: "Role", name: "reporter" },
    subjects: [{ kind: "User", name: user, apiGroup }],
  } as never);

  bank = await startBank();
  stops.push(() => bank.stop());
  const fraud = createServiceApp({
    log: createLog("fraud", { level: "silent" }),
    namespace: TEST_NAMESPACE,
    allow: ["banking"],
    identity: await bank.stack.identity("fraud"),
  });
  fraud.post<{ Body: { client: string } }>("/v1/scores", async ({ body }, reply) =>
    score === undefined ? reply.status(503).send({}) : { score: score(body.client) },
  );
  await fraud.listen({ port: 0, host: "localhost" });
  stops.push(() => fraud.close());

  const folder = await mkdtemp(join(tmpdir(), "fraud-signals-"));
  stops.push(() => rm(folder, { recursive: true }));
  const KUBECONFIG = join(folder, "kubeconfig");
  await writeFile(KUBECONFIG, await plane.kubeconfigFor(user));
  const { port } = fraud.server.address() as AddressInfo;
  const service = await startServiceProcess({
    main: join(import.meta.dirname, "../main.ts"),
    config: {
      ...bank.stack.config,
      redis: { host: "localhost", port: 1 },
      upstreams: { consent: "https://consent:8443", fraud: { url: `https://localhost:${port}` } },
      demoData: true,
    },
    identity: (await bank.stack.identity("banking")).current(),
    env: { KUBECONFIG, POD_NAME: "banking-1" },
  });
  stops.push(() => service.stop());
  await untilReady(service);
  gateway = createUpstream({
    identity: await bank.stack.identity("gateway"),
    origin: `https://localhost:${service.port}`,
  });
  stops.push(() => gateway.close());
  world = paying({ ...bank, send });
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

/** Calls the process as the gateway does. */
async function send<Body>({ method = "GET", path, payload, headers = {}, context = {} }: GatewayCall) {
  const whole = { clientId: GOOD, partnerName: "Acme", scope: "payments", interactionId: "", ...context };
  const answer = await gateway.request({
    method,
    path,
    headers: { ...headers, [CONTEXT_HEADER]: encodeContext(whole) },
    ...(payload === undefined ? {} : { body: { json: payload } }),
  });
  return { status: answer.status, body: answer.json() as Body };
}

/** A partner pays; what became of each payment. */
async function pays(clientId: string, times: number): Promise<readonly string[]> {
  const states: string[] = [];
  for (let payment = 0; payment < times; payment += 1) {
    const given = await world.consented("domestic-payment", { Initiation: single("1.00") }, { clientId });
    const key = `${clientId}-${given.id}`.slice(0, 40);
    const { body } = await world.pay(given, { key });
    // The same request again is the same payment, and counts as one.
    expect((await world.pay(given, { key })).body.Data["DomesticPaymentId"]).toBe(
      body.Data["DomesticPaymentId"],
    );
    states.push(body.Data.Status);
  }
  return states;
}

const lease = () => admin.get(leases, { namespace: TEST_NAMESPACE, name: "served-banking-1" });
const scoresIn = (found: Lease | undefined): unknown =>
  JSON.parse(found?.metadata.annotations?.[SERVED.behaviour] ?? "null");

/** Waits until the Lease says that, and returns it. */
function said(want: Readonly<Record<string, number>>): Promise<Lease> {
  return until(
    async () => {
      const found = await lease();
      return JSON.stringify(scoresIn(found)) === JSON.stringify(want) ? found : undefined;
    },
    { timeout: 20_000, what: `the Lease to say ${JSON.stringify(want)}` },
  );
}

test("banking says in its Lease that it thinks ill of nobody, and nothing of shards", async () => {
  const { metadata, spec } = await said({});
  expect(metadata.labels).toEqual({ [SERVED_LABEL]: "banking" });
  expect(Object.keys(metadata.annotations ?? {})).toEqual([SERVED.behaviour]);
  expect(spec?.holderIdentity).toBe("banking-1");
});

test("payments that nobody could score lower no partner, and those that are refused lower theirs alone", async () => {
  score = undefined;
  expect(new Set(await pays(BAD, 3))).toEqual(new Set(["ACSP"]));
  score = (client) => (client === BAD ? 95 : 5);
  expect(await pays(GOOD, 2)).toEqual(["ACSP", "ACSP"]);
  expect(await pays(BAD, 3)).toEqual(["RJCT", "RJCT", "RJCT"]);
  await said({ [BAD]: 50 });
  // Held by the service, which tells as much.
  score = (client) => (client === BAD ? 75 : 5);
  expect(await pays(BAD, 2)).toEqual(["PDNG", "PDNG"]);
  await said({ [BAD]: 90 });
});

test("a payment whose date has come counts when it is carried out; one that is held counts once, however often it is looked at", async () => {
  score = () => 75;
  const due = new Date(Date.now() - 1_000).toISOString();
  const given = await world.consented(
    "domestic-scheduled-payment",
    { Initiation: { ...single("1.00"), RequestedExecutionDateTime: due } },
    { clientId: GOOD },
  );
  expect((await world.pay(given)).status).toBe(201);
  await said({ [GOOD]: 10, [BAD]: 90 });

  const { database } = bank;
  const held = "select from payments where client_id = $1 and status = 'PDNG' and next_at <= now()";
  await database.query("update payments set next_at = now() where client_id = $1 and status = 'PDNG'", [BAD]);
  await until(async () => (await database.query(held, [BAD])).count === 0, {
    timeout: 20_000,
    what: "what is held to be looked at again",
  });
  // Whatever was counted for it before stands in the Lease beside this.
  await pays(LATER, 1);
  await said({ [GOOD]: 10, [BAD]: 90, [LATER]: 10 });
});
