import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Account } from "../cli/quickstart/account-api.ts";
import { awaitObject } from "../cli/quickstart/await-object.ts";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import type { Exchange } from "../cli/quickstart/http.ts";
import { callPayments, paymentFrom } from "../cli/quickstart/payment-api.ts";
import { WANTED_PERMISSIONS } from "../cli/quickstart/partner-resource.ts";
import { groupsNamed } from "../cli/quickstart/platform.ts";
import { givenConsent, openSession } from "../cli/quickstart/session.ts";
import { type FailoverGroupObject, failoverGroups, type RegionObject, regions } from "../crds/resources.ts";
import type { Client } from "../kube/client.ts";
import { conditionOf } from "../kube/condition.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import { configMaps } from "../kube/resources.ts";
import { instanceOf, planOf } from "../local/address-plan.ts";
import { until } from "../local/wait.ts";
import { startBank, type TestBank } from "../runtime/banking/testing/bank.ts";
import { type CoreServer, startCoreServer } from "../runtime/banking/testing/core-server.ts";
import { paying } from "../runtime/banking/testing/paying.ts";
import { ledgerBookings } from "../runtime/banking/testing/small-core.ts";
import { fixedIdentity, testAuthority } from "../runtime/service/testing/authority.ts";
import { type Bank, enrolPartner, openBank, removePartner, type TestPartner } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { type GivenPayment, givenPayment } from "./support/payment.ts";
import { tomorrow, type Visitor } from "./support/visitor.ts";

/** A Region and a group of their own: whether a Region has a core is decided with its first day. */
const REGION = "ke-core";
const GROUP = "core";
const API_VERSION = "openbanking.wekeza.io/v1alpha1";
const AWAY = { status: 503, body: {} };

let bank: Bank;
let core: TestBank;
let server: CoreServer;
let partner: TestPartner | undefined;
let visitor: Visitor;
let account: Account;
let initiation: object;
let before: bigint;

/** A group in the cluster of the Region ke, with a core at an address of this machine. */
function resources(url: string, trust: string, host: string) {
  const group = {
    apiVersion: API_VERSION,
    kind: "FailoverGroup",
    metadata: { name: GROUP },
    spec: {
      members: [REGION],
      residency: { mode: "local", country: "KE" },
      // As the certificate covers them that every local platform has for its regions.
      hosts: {
        api: "api-core.ke.openbanking.test",
        auth: "auth-core.ke.openbanking.test",
        mtlsAuth: "mtls-core.ke.openbanking.test",
        tls: { secretRef: { name: "default" } },
      },
    },
  };
  const region = {
    apiVersion: API_VERSION,
    kind: "Region",
    metadata: { name: REGION },
    spec: {
      environment: "sandbox",
      country: "KE",
      jurisdiction: "ke-cbk",
      cluster: { kubeconfigSecretRef: { name: "region-ke" } },
      core: { url, trust, networks: [`${host}/32`] },
    },
  };
  return { group: group as FailoverGroupObject, region: region as RegionObject };
}

const dataOf = ({ body }: Exchange) =>
  (JSON.parse(body) as { readonly Data: Readonly<Record<string, unknown>> }).Data;
/** What the core has on the account, in cents. */
async function booked(): Promise<bigint> {
  const accounts = await core.bank.accountsOf(demoCustomer(visitor.session.group).id);
  const found = accounts.find(({ id }) => id === account.AccountId);
  if (found === undefined) throw new Error("The core has no such account.");
  return found.balance;
}
async function paid({ token, body }: GivenPayment): Promise<string> {
  const call = { path: "/domestic-payments", token, body, key: randomUUID() };
  const answer = await callPayments(visitor.session, call);
  expect(answer).toMatchObject({ status: 201 });
  expect(dataOf(answer)).toMatchObject({ Status: "PDNG" });
  return String(dataOf(answer)["DomesticPaymentId"]);
}
async function statusOf(payment: string): Promise<unknown> {
  const { accessToken } = await visitor.session.authorization.clientToken("payments");
  const answer = await callPayments(visitor.session, {
    path: `/domestic-payments/${payment}`,
    token: accessToken,
  });
  expect(answer).toMatchObject({ status: 200 });
  return dataOf(answer)["Status"];
}
const arrived = (payment: string) =>
  until(async () => (await statusOf(payment)) === "ACCC" || undefined, {
    timeout: 120_000,
    every: 250,
    what: "the payee's bank to have the money",
  });
/** Tries again what a core that is slow for a moment refuses: a machine that has just started a stack beside it has other work. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  let refused: unknown;
  const once = (): Promise<{ readonly done: T } | undefined> =>
    work().then(
      (done) => ({ done }),
      (error: unknown) => {
        refused = error;
        return undefined;
      },
    );
  const { done } = await until(once, {
    timeout: 90_000,
    every: 1_000,
    what: "the core to answer in time",
  }).catch((cause: unknown) => {
    throw new Error(`The core was asked ${server.exchanges.length} times; last: ${String(refused)}`, {
      cause,
    });
  });
  return done;
}
const allowed = () => patiently(() => givenPayment(visitor.session, initiation));
const read = () => visitor.session.api.call("GET", "/accounts", visitor.given.tokens.accessToken);

beforeAll(async () => {
  const opened = await openBank();
  bank = opened;
  const { host } = planOf(instanceOf(process.env));
  const authority = await testAuthority("the bank's own CA");
  const found = await opened.clients.ke.get(configMaps, { namespace: "wekeza-region", name: "service-ca" });
  const own = await authority.issue({ commonName: "core", ips: [host] });
  core = await startBank();
  server = await startCoreServer(core, await ledgerBookings(core), {
    host,
    identity: fixedIdentity(own, found?.data?.["ca.crt"] ?? ""),
    namespace: `stack-${GROUP}`,
  });
  const { group, region } = resources(server.origin, authority.ca, host);
  const options = { fieldManager: "e2e", force: true };
  await opened.clients.hub.apply(failoverGroups, group, options);
  await opened.clients.hub.apply(regions, region, options);
  await awaitObject(
    opened.clients.hub,
    failoverGroups,
    { name: GROUP },
    {
      timeout: 300_000,
      until: (object) => conditionOf(object?.status?.conditions, "Ready")?.status === "True",
      describe: (object) => conditionOf(object?.status?.conditions, "Ready")?.message ?? "",
    },
  );
  const groups = await groupsNamed(opened.sre, GROUP);
  bank = { ...opened, groups };
  const [place] = groups;
  if (place === undefined) throw new Error("The group has gone.");
  partner = await enrolPartner(bank, "core", { roles: ["AISP", "PISP"] });
  const session = await openSession(place, partner, bank.network);
  const given = await patiently(() =>
    givenConsent(session, demoCustomer(place), WANTED_PERMISSIONS, tomorrow()),
  );
  visitor = { partner, session, given };
  const [first] = await patiently(() => session.api.accounts(given.tokens.accessToken));
  if (first === undefined) throw new Error("The customer has no account.");
  account = first;
  initiation = paymentFrom(account, "12.34");
  before = await booked();
}, 900_000);

afterAll(async () => {
  if (bank === undefined) return;
  const { hub } = bank.clients;
  // What later files must not find: the group, its Region, and then their core.
  await inAnyCase(
    () => visitor?.session.close(),
    async () => partner !== undefined && removePartner(bank, partner.name),
    () => removed(hub, failoverGroups, GROUP),
    () => removed(hub, regions, REGION),
    () => server?.stop(),
    () => core?.stop(),
    () => bank.close(),
  );
}, 480_000);

async function removed<Kind extends KubeObject>(
  hub: Client,
  kind: Resource<Kind>,
  name: string,
): Promise<void> {
  await hub.delete(kind, { name });
  await awaitObject(hub, kind, { name }, { timeout: 180_000, until: (object) => object === undefined });
}

// Each has longer than all that it waits for: what it waited for in vain is said, and not that time was over.
test("a customer of the core logs in, and her partner reads accounts, balances and transactions as the core has them", async () => {
  const { session, given } = visitor;
  const { accessToken } = given.tokens;
  const known = await core.bank.accountsOf(demoCustomer(session.group).id);
  const accounts = await patiently(() => session.api.accounts(accessToken));
  expect(accounts.map(({ AccountId }) => AccountId).toSorted()).toEqual(known.map(({ id }) => id).toSorted());
  const balances = await patiently(() => session.api.balances(accessToken, account.AccountId));
  const amounts = balances.map(({ Amount }) => BigInt(Amount.Amount.replace(".", "")));
  expect(amounts).toContain(before < 0n ? -before : before);
  const transactions = await patiently(() => session.api.transactions(accessToken, account.AccountId));
  expect(transactions.length).toBeGreaterThan(0);
}, 480_000);

test("a payment waits for the core, is booked there once, and arrives", async () => {
  const payment = await paid(await allowed());
  await arrived(payment);
  expect(before - (await booked())).toBe(1_234n);
}, 480_000);

test("while the core is away reads are refused for now, a payment waits, and it is booked once when the core is back", async () => {
  const given = await allowed();
  server.breakWith(AWAY);
  const refused = await read();
  expect(refused).toMatchObject({ status: 503 });
  expect(JSON.parse(refused.body)).toMatchObject({ Errors: [{ ErrorCode: "U042" }] });
  expect(refused.headers.get("retry-after")).not.toBeNull();
  // It knows its customers again, and books nothing yet.
  server.breakWith(AWAY, "/v1/bookings");
  const payment = await paid(given);
  const asked = server.refused();
  await until(async () => server.refused() > asked || undefined, {
    timeout: 30_000,
    what: "the core to be asked",
  });
  expect(await statusOf(payment)).toBe("PDNG");
  expect(before - (await booked())).toBe(1_234n);
  server.breakWith(undefined);
  await until(async () => (await read()).status === 200 || undefined, {
    timeout: 60_000,
    every: 250,
    what: "reads to be answered again",
  });
  await arrived(payment);
  expect(before - (await booked())).toBe(2_468n);
  expect(await paying(core).unconserved()).toEqual([]);
}, 480_000);
