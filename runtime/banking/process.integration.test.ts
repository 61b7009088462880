import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePorts } from "../../local/testing/free-ports.ts";
import { startStackDatabase, type StackDatabase } from "../database/testing/stack-database.ts";
import { CONTEXT_HEADER, encodeContext } from "../service/context.ts";
import { createUpstream, type Upstream } from "../service/mtls-client.ts";
import {
  runJob,
  startServiceProcess,
  untilReady,
  type ServiceProcess,
} from "../service/testing/service-process.ts";
import { AISP_PATH } from "./account-routes.ts";
import { EVERYTHING } from "./testing/bank.ts";

let stack: StackDatabase;
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  stack = await startStackDatabase();
  stops.push(() => stack.stop());
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

const configured = (fields: object): object => ({
  ...stack.config,
  redis: { host: "localhost", port: 1 },
  upstreams: { consent: "https://consent:8443" },
  demoData: true,
  ...fields,
});
async function job(main: string, service: string, fields: object = {}) {
  const identity = (await stack.identity(service)).current();
  return runJob({ main: join(import.meta.dirname, main), config: configured(fields), identity });
}

test("the migration Job finds nothing left to do after another one", async () => {
  const { status, log } = await job("../database/migrate.ts", "migrator");
  expect({ status, log }).toMatchObject({
    status: 0,
    log: expect.stringContaining('"applied":[]') as string,
  });
});

test.each([
  { why: "in production", fields: { environment: "production" } },
  { why: "unless they are wanted", fields: { demoData: false } },
])("there are no demo customers $why", async ({ fields }) => {
  const { status, log } = await job("seed/main.ts", "seed", fields);
  expect(status).toBe(1);
  expect(log).toContain("nothing was written");
});

test("the service does not start with demo data in production", async () => {
  const { status, log } = await job("main.ts", "banking", { environment: "production" });
  expect(status).toBe(1);
  expect(log).toContain("production has no demo customers");
});

test("demo customers are planted, and planted again without effect", async () => {
  const first = await job("seed/main.ts", "seed");
  expect(first.log).toContain('["wanjiru","otieno","amina"]');
  const second = await job("seed/main.ts", "seed");
  expect(second).toMatchObject({ status: 0, log: expect.stringContaining('"customers":[]') as string });
});

test("a customer logs in and a partner reads her accounts, over service mTLS", async () => {
  const service: ServiceProcess = await startServiceProcess({
    main: join(import.meta.dirname, "main.ts"),
    config: configured({}),
    identity: (await stack.identity("banking")).current(),
  });
  stops.push(() => service.stop());
  await untilReady(service);
  const as = async (name: string): Promise<Upstream> => {
    const upstream = createUpstream({
      identity: await stack.identity(name),
      origin: `https://localhost:${service.port}`,
    });
    stops.push(() => upstream.close());
    return upstream;
  };
  const oauth = await as("oauth");
  const json = { username: "wanjiru", password: "sandbox-wanjiru" };
  const login = await oauth.request({ method: "POST", path: "/internal/login", body: { json } });
  const { customer } = login.json() as { readonly customer: string };
  const listed = await oauth.request({ method: "GET", path: `/internal/customers/${customer}/accounts` });
  const { accounts } = listed.json() as { readonly accounts: readonly { readonly accountId: string }[] };

  const context = encodeContext({
    clientId: "ptn-00000000000000aa",
    partnerName: "Acme",
    scope: "openid accounts",
    interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
    customer,
    consent: {
      permissions: EVERYTHING,
      accounts: accounts.map(({ accountId }) => accountId),
      historyDays: 90,
    },
  });
  const gateway = await as("gateway");
  const headers = { [CONTEXT_HEADER]: context };
  for (const what of ["accounts", "balances", "transactions"]) {
    const answer = await gateway.request({ method: "GET", path: `${AISP_PATH}/${what}`, headers });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toContain(accounts[0]?.accountId);
  }
  await expect(service.stop()).resolves.toBe(0);
});

test("with a core of the bank's own that is away, the service is ready all the same and says when to ask again", async () => {
  const [port = 0] = await freePorts(1);
  const core = { url: `https://localhost:${port}` };
  const service = await startServiceProcess({
    main: join(import.meta.dirname, "main.ts"),
    config: configured({ demoData: false, upstreams: { consent: "https://consent:8443", core } }),
    identity: (await stack.identity("banking")).current(),
  });
  stops.push(() => service.stop());
  await untilReady(service);
  const oauth = createUpstream({
    identity: await stack.identity("oauth"),
    origin: `https://localhost:${service.port}`,
  });
  stops.push(() => oauth.close());
  const { status, headers } = await oauth.request({
    method: "GET",
    path: "/internal/customers/cus-1/accounts",
  });
  expect([status, headers["retry-after"]]).toEqual([503, "5"]);
  expect(await service.ready()).toMatchObject({ ok: true });
  await expect(service.stop()).resolves.toBe(0);
});
