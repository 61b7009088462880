import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { until } from "../../local/wait.ts";
import { asSuperuser } from "../database/bootstrap.ts";
import { REPLICATING, startStackDatabase, type StackDatabase } from "../database/testing/stack-database.ts";
import { replicaOf, type StackReplica } from "../database/testing/stack-replica.ts";
import { BERLIN_GROUP_PATH } from "../service/berlin-group.ts";
import { createLog } from "../service/logger.ts";
import { databaseOf, type PartnerDatabase } from "../service/partner-database.ts";
import { BOUND_MS, replicaReads, type ReplicaReads, type Source } from "../service/replica/replica-reads.ts";
import { AISP_PATH } from "./account-routes.ts";
import { createLedger } from "./ledger.ts";
import { restrictionsIn, type Restrictions } from "./restriction.ts";
import { EVERYTHING, startBank, type TestBank } from "./testing/bank.ts";

let stack: StackDatabase;
let replica: StackReplica;
let database: PartnerDatabase;
let reads: ReplicaReads;
let restrictions: Restrictions;
let bank: TestBank;
const sources: Source[] = [];
/** By which the service counts; it stands still unless a test says so, so no test depends on how fast it runs. */
let now = 0;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  stack = await startStackDatabase(REPLICATING);
  stops.push(() => stack.stop());
  replica = await replicaOf(stack);
  stops.push(() => replica.stop());
  await replica.start();
  const log = createLog("banking", { level: "silent" });
  const identity = await stack.identity("banking");
  database = databaseOf("banking", { config: stack.database, identity, log });
  stops.push(() => database.close());
  reads = replicaReads({
    primary: database,
    config: replica.database,
    user: "banking",
    identity,
    log,
    clock: () => now,
    onRead: (source) => sources.push(source),
    // A machine that has other work is no replica that is away.
    connectMs: 10_000,
    statementMs: 10_000,
    answerMs: 10_000,
  });
  stops.push(() => reads.close());
  restrictions = restrictionsIn(database);
  bank = await startBank({ stack, database }, undefined, {
    reads: { replica: reads, bank: createLedger(reads.queries) },
    restrictions,
  });
  stops.push(() => bank.stop());
}, 120_000);
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

const PATIENCE_MS = 60_000;
const onPrimary = (sql: string) =>
  asSuperuser(stack.agent.socket, stack.database.name, (client) => client.query(sql));

/** Looks until the replica is near, as the service does all the time; then forgets what was counted. */
async function near(): Promise<void> {
  await until(
    async () => {
      now += 100;
      await reads.look();
      return reads.lagMs() === 0;
    },
    { timeout: PATIENCE_MS, every: 20, what: "the replica to be near" },
  );
  sources.length = 0;
}
beforeEach(async () => {
  await restrictions.look();
  await near();
});

interface Accounts {
  readonly Data: { readonly Account: readonly { readonly AccountId: string; readonly Nickname?: string }[] };
}
const accounts = async () => {
  const { status, body } = await bank.read<Accounts>("wanjiru", `${AISP_PATH}/accounts`);
  return { status, nickname: body.Data?.Account[0]?.Nickname };
};
/** Gives the first account another name, on the primary. */
const rename = (nickname: string) =>
  onPrimary(
    `update banking.accounts set nickname = '${nickname}' where customer = '${bank.home("wanjiru").customer}'`,
  );

test("account information is answered by the replica, in every dialect, and nothing else is", async () => {
  const account = bank.home("wanjiru").accounts[0] ?? "";
  for (const path of [
    "accounts",
    "balances",
    "transactions",
    "beneficiaries",
    "standing-orders",
    `accounts/${account}/statements`,
  ]) {
    const permissions = [
      "ReadAccountsBasic",
      "ReadBalances",
      "ReadTransactionsBasic",
      "ReadTransactionsCredits",
      "ReadBeneficiariesBasic",
      "ReadStandingOrdersBasic",
      "ReadStatementsBasic",
    ];
    const { status } = await bank.read("wanjiru", `${AISP_PATH}/${path}`, { permissions });
    expect({ path, status, sources: sources.splice(0) }).toEqual({ path, status: 200, sources: ["replica"] });
  }
  const { customer } = bank.home("wanjiru");
  const consent = { permissions: EVERYTHING, accounts: [account], historyDays: 90 };
  for (const path of [
    "",
    `/${account}/balances`,
    `/${account}/transactions?bookingStatus=booked&dateFrom=2026-11-01`,
  ]) {
    const { status } = await bank.send({
      path: `${BERLIN_GROUP_PATH}/accounts${path}`,
      headers: { "consent-id": "con-1", "x-request-id": randomUUID() },
      context: { customer, consentId: "con-1", consent },
    });
    expect({ path, status, sources: sources.splice(0) }).toEqual({ path, status: 200, sources: ["replica"] });
  }
  await bank.call("oauth", "GET", `/internal/customers/${customer}/accounts`);
  expect(sources).toEqual([]);
});

test("a replica that stands still answers for a second, and then the primary does; what it answers is never older", async () => {
  await rename("Before");
  await near();
  await replica.query("select pg_wal_replay_pause()");
  await rename("After");
  expect(await accounts()).toEqual({ status: 200, nickname: "Before" });
  expect(sources.splice(0)).toEqual(["replica"]);

  now += BOUND_MS / 2;
  await reads.look();
  expect(await accounts()).toEqual({ status: 200, nickname: "Before" });
  now += BOUND_MS / 2 + 1;
  expect(await accounts()).toEqual({ status: 200, nickname: "After" });
  expect(sources.splice(0)).toEqual(["replica", "behind"]);
  await reads.look();
  expect(await accounts()).toEqual({ status: 200, nickname: "After" });
  expect(sources).toEqual(["behind"]);

  await replica.query("select pg_wal_replay_resume()");
  await near();
  expect(await accounts()).toEqual({ status: 200, nickname: "After" });
  expect(sources).toEqual(["replica"]);
});

test("a primary on which nothing happens is not behind: its replica goes on answering", async () => {
  for (let second = 0; second < 60; second += 1) {
    now += 1_000;
    await reads.look();
  }
  expect(await accounts()).toMatchObject({ status: 200 });
  expect(sources).toEqual(["replica"]);
});

test("nobody looks at the primary: then nobody can tell how old the replica is, and the primary answers", async () => {
  now += BOUND_MS + 1;
  expect(await accounts()).toMatchObject({ status: 200 });
  expect(sources).toEqual(["behind"]);
});

test("what the replica does not know yet is asked of the primary before it is refused", async () => {
  const { customer, accounts: own } = bank.home("wanjiru");
  await replica.query("select pg_wal_replay_pause()");
  const id = `new-${Date.now()}`;
  await onPrimary(`insert into banking.accounts (id, customer, currency, category, type_code, description, holder, scheme,
    identification, status, status_updated_at, opened_at) select '${id}', customer, currency, category, type_code, description,
    holder, scheme, '${id}', status, status_updated_at, opened_at from banking.accounts where customer = '${customer}' limit 1`);
  const chosen = { accounts: [...own, id] };
  const path = `${AISP_PATH}/accounts/${id}`;
  expect(await bank.read("wanjiru", path, chosen)).toMatchObject({ status: 200 });
  expect(sources).toEqual(["asked-again"]);
  await replica.query("select pg_wal_replay_resume()");
});

test("a call that is refused before anything is read is refused once", async () => {
  expect(await bank.read("wanjiru", `${AISP_PATH}/accounts`, { permissions: [] })).toMatchObject({
    status: 403,
  });
  expect(sources).toEqual([]);
});

test("a restriction holds at once, whatever the replica has", async () => {
  const { customer } = bank.home("wanjiru");
  await replica.query("select pg_wal_replay_pause()");
  await onPrimary(`insert into consent.privacy_requests (id, customer, kind, law, asked_at, asked_by, due_at)
    values ('r', '${customer}', 'restriction', 'GDPR', now(), '{}', now() + interval '1 day');
    insert into consent.restrictions values ('${customer}', 'r', now())`);
  await restrictions.look();
  expect(await bank.read("wanjiru", `${AISP_PATH}/accounts`)).toMatchObject({ status: 403 });
  await onPrimary("delete from consent.restrictions; delete from consent.privacy_requests");
  await replica.query("select pg_wal_replay_resume()");
});

test("a replica that is killed while it is read costs nobody an answer, nor do calls wait for it afterwards", async () => {
  let first = true;
  const standby = await reads.read(async () => {
    await reads.queries.query("select 1");
    if (first) await replica.kill();
    first = false;
    const { rows } = await reads.queries.query<{ standby: boolean }>("select pg_is_in_recovery() as standby");
    return rows[0]?.standby;
  });
  expect(standby).toBe(false);
  expect(sources.splice(0)).toEqual(["asked-again"]);
  expect(await accounts()).toMatchObject({ status: 200 });
  await reads.look();
  expect(await accounts()).toMatchObject({ status: 200 });
  expect(sources).toEqual(["away", "away"]);

  await until(
    () =>
      replica.start().then(
        () => true,
        () => false,
      ),
    { timeout: PATIENCE_MS, what: "the replica to start again" },
  );
  await near();
  expect(await accounts()).toMatchObject({ status: 200 });
  expect(sources).toEqual(["replica"]);
}, 120_000);

test("a read that stands in the way of what the primary did is ended, and answered by the primary", async () => {
  await onPrimary("create table public.hot as select 1 as id; grant usage on schema public to banking");
  await onPrimary("grant select on public.hot to banking");
  await near();
  const reading = reads.read(() =>
    reads.queries.query("select id, case when pg_is_in_recovery() then pg_sleep(9) end from public.hot"),
  );
  const busy = "select from pg_stat_activity where wait_event = 'PgSleep'";
  await until(async () => (await replica.query(busy)).length > 0, {
    timeout: PATIENCE_MS,
    every: 20,
    what: "the replica to be read",
  });
  await onPrimary("truncate public.hot; insert into public.hot values (2)");
  expect((await reading).rows).toMatchObject([{ id: 2 }]);
  expect(sources).toEqual(["asked-again"]);
});
