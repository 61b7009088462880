import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../../service/logger.ts";
import { createUpstream, type Upstream } from "../../service/mtls-client.ts";
import { createServiceApp } from "../../service/mtls-server.ts";
import { fixedIdentity, testAuthority } from "../../service/testing/authority.ts";
import { contract, type ContractExchange } from "../../service/testing/contract.ts";
import type { FraudPort, Suspect } from "./fraud.ts";
import { httpFraud, httpScheme } from "./http-ports.ts";
import type { Order } from "./payment.ts";
import { Problem } from "../../service/problem.ts";
import { createSandboxScheme, sandboxFraud } from "./sandbox.ts";
import { EpochOver, type Remittance, type Scheme } from "./scheme.ts";

const log = createLog("test", { level: "silent" });
const creditor = { scheme: "UK.OBIE.IBAN", identification: "DE75512108001245126199", name: "Kamau Stores" };
const order = (amount: bigint): Order => ({
  amount,
  currency: "KES",
  creditCurrency: "KES",
  agreedRate: undefined,
  creditor,
  reference: "r",
  endToEnd: "e",
});
const suspect = (amount: bigint): Suspect => ({
  customer: "c",
  account: "a",
  clientId: "p",
  order: order(amount),
});
const remittance = (id: string, amount: string, epoch = 1): Remittance => ({
  id,
  epoch,
  payment: id,
  endToEnd: "e",
  amount,
  currency: "KES",
  debtor: creditor,
  creditor,
  reference: "r",
});

let app: FastifyInstance;
let upstream: Upstream;
/** What the server says instead of an answer. */
let broken: { readonly status: number; readonly body: unknown } | "silent" | undefined;

const exchanges: ContractExchange[] = [];

beforeAll(async () => {
  const authority = await testAuthority("services of test");
  const identityOf = async (name: string) => fixedIdentity(await authority.service(name), authority.ca);
  app = createServiceApp({
    log,
    namespace: "stack-ke",
    allow: ["banking"],
    identity: await identityOf("core"),
  });
  app.addHook("preHandler", async (_request, reply) => {
    if (broken === "silent") await new Promise(() => undefined);
    else if (broken !== undefined) await reply.status(broken.status).send(broken.body);
  });
  app.addHook("preSerialization", async ({ method, url, body }, { statusCode: status }, response) => {
    if (broken === undefined) exchanges.push({ method, path: url, request: body, status, response });
    return response;
  });
  // The embedded ones behind the contract: whatever passes with them passes with anything that keeps it.
  app.post<{ Body: { amount: string } }>("/v1/scores", async ({ body }, reply) => {
    const score = await sandboxFraud.score(suspect(BigInt(body.amount)));
    return score === undefined ? reply.status(503).send({}) : { score };
  });
  const served = createSandboxScheme();
  app.put<{ Body: Remittance }>("/v1/remittances/:id", ({ body }) =>
    served.send(body).catch((error: unknown) => {
      throw error instanceof EpochOver ? new Problem(409, "EpochOver", error.message) : error;
    }),
  );
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  upstream = createUpstream({
    identity: await identityOf("banking"),
    origin: `https://127.0.0.1:${port}`,
    serverName: "core",
  });
});
afterAll(async () => {
  await upstream.close();
  app.server.closeAllConnections();
  await app.close();
});

const frauds: readonly [string, () => FraudPort][] = [
  ["embedded", () => sandboxFraud],
  // Patient: a machine that is short of processors needs longer than a payment waits.
  ["over HTTP", () => httpFraud(upstream, log, 30_000)],
];
const embedded = createSandboxScheme();
const schemes: readonly [string, () => Scheme][] = [
  ["embedded", () => embedded],
  ["over HTTP", () => httpScheme(upstream)],
];

describe.each(frauds)("fraud scoring %s", (_name, port) => {
  test.each([
    [100n, 5],
    [900_006n, 75],
    [900_007n, 95],
    [900_008n, undefined],
  ])("scores %s minor units with %s", async (amount, want) => {
    expect(await port().score(suspect(amount))).toBe(want);
  });
});

describe.each(schemes)("the way to other banks %s", (_name, port) => {
  test.each([
    ["10000", { status: "ACCC" }],
    ["900001", { status: "RJCT", reason: "AC04" }],
    ["900002", { status: "RJCT", reason: "AC06" }],
    ["900003", { status: "ACWP" }],
    ["900004", { status: "ACSC" }],
  ])("answers %s minor units with %o, again and again", async (amount, want) => {
    expect(await port().send(remittance("t-1", amount))).toEqual(want);
    expect(await port().send(remittance("t-1", amount))).toEqual(want);
  });

  test("says that there is no answer", async () => {
    await expect(port().send(remittance("t-2", "900005"))).rejects.toThrow(/bank|scheme/);
  });

  test("takes nothing in an epoch that is over, and goes on in the newest", async () => {
    const want = { status: "ACCC" };
    expect(await port().send(remittance("t-1", "10000", 2))).toEqual(want);
    await expect(port().send(remittance("t-4", "10000", 1))).rejects.toThrow(EpochOver);
    expect(await port().send(remittance("t-4", "10000", 2))).toEqual(want);
  });
});

test.each([
  { why: "it is down", answer: { status: 500, body: {} } },
  { why: "it says nothing", answer: "silent" as const },
  { why: "its score is none", answer: { status: 200, body: { score: 101 } } },
])("there is no score when $why, and nobody waits for it", async ({ answer }) => {
  broken = answer;
  expect(await httpFraud(upstream, log).score(suspect(100n))).toBeUndefined();
  broken = undefined;
});

test.each([
  { status: 409, body: {} },
  { status: 200, body: { status: "RJCT" } },
  { status: 200, body: { status: "DONE" } },
])("what is no answer by the contract (%o) leaves the money where it is", async (answer) => {
  broken = answer;
  await expect(httpScheme(upstream).send(remittance("t-3", "100"))).rejects.toThrow("about transfer t-3");
  broken = undefined;
});

test.each([
  { file: "wekeza-fraud.v1.yaml", path: "/v1/scores", statuses: [200] },
  { file: "wekeza-nextgen.v1.yaml", path: "/v1/remittances/", statuses: [200, 409] },
])("both sides kept $file", ({ file, path, statuses }) => {
  const faults = contract(file);
  const heard = exchanges.filter((exchange) => exchange.path.startsWith(path) && exchange.status < 500);
  expect(heard.length).toBeGreaterThan(2);
  expect(new Set(heard.map(({ status }) => status))).toEqual(new Set(statuses));
  expect(heard.flatMap(faults)).toEqual([]);
  const [first] = heard;
  expect(first && faults({ ...first, request: {}, response: {} })).not.toEqual([]);
});
