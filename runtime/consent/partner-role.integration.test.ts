import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { until } from "../../local/wait.ts";
import { issue } from "../database/testing/renewable-identity.ts";
import { asSuperuser } from "../database/bootstrap.ts";
import { PARTNERS_CONNECTIONS } from "../database/config.ts";
import { TEST_NAMESPACE } from "../database/testing/stack-database.ts";
import { createLog } from "../service/logger.ts";
import { createUpstream } from "../service/mtls-client.ts";
import { createServiceApp } from "../service/mtls-server.ts";
import { CONNECTIONS_OF_ONE, databaseOf, type PartnerDatabase } from "../service/partner-database.ts";
import { createDatabase } from "../service/postgres.ts";
import { fixedIdentity } from "../service/testing/authority.ts";
import { OTHERS, OURS, startConsents, type TestConsents } from "./testing/consent-service.ts";

const log = createLog("consent", { level: "silent" });
let world: TestConsents;
let database: PartnerDatabase;

beforeAll(async () => {
  world = await startConsents();
  const identity = await world.stack.identity("consent");
  database = databaseOf("consent", { config: world.stack.database, identity, log });
});
afterAll(async () => {
  await database.close();
  await world.stop();
});

/** Does something as a call of a partner's own gateway does. */
function callOf<T>(partner: string, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    database.during(partner, () => void work().then(resolve, reject));
  });
}

/** Keeps a connection of a partner's until told to let it go. */
function hold(partner: string): { readonly letGo: () => void; readonly done: Promise<unknown> } {
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>();
  const done = callOf(partner, () =>
    database.transaction(async (tx) => {
      await tx.query("select 1");
      await released;
    }),
  );
  return { letGo, done };
}

/** Waits until partners of their own have so many connections. */
async function connected(count: number): Promise<void> {
  const { agent, database: config } = world.stack;
  await until(
    () =>
      asSuperuser(agent.socket, config.name, async (client) => {
        const sql =
          "select 1 from pg_stat_activity where usename = 'consent_partner' and state = 'idle in transaction'";
        return (await client.query(sql)).rowCount === count || undefined;
      }),
    { timeout: 20_000, every: 50, what: `${count} connections of partners` },
  );
}

test("a statement that forgets whose rows it may see finds those of the calling partner alone", async () => {
  const ask = (client: string) => world.asked(client, "domestic-payment");
  const [ours, others] = [await ask(OURS), await ask(OTHERS)];
  await callOf(OURS, async () => {
    const seen = await database.query("select distinct client_id from consents");
    expect(seen.rows).toEqual([{ client_id: OURS }]);
    for (const [id, count] of [
      [others, 0],
      [ours, 1],
    ] as const) {
      const sql = "update consents set state = 'CANC', ended_by = 'delete' where id = $1";
      expect((await database.query(sql, [id])).count).toBe(count);
    }
    const keys = await database.query("select distinct client_id from idempotency_keys");
    expect(keys.rows).toEqual([{ client_id: OURS }]);
    const sql = `insert into idempotency_keys (client_id, path, key, body_hash, resource, claimed_at, expires_at)
      values ($1, '/', 'k', '', 'r', now(), now())`;
    await expect(database.query(sql, [OTHERS])).rejects.toThrow("row-level security");
  });
});

test("what belongs to another partner's consents is not there either", async () => {
  const ours = await world.authorised("file-payment");
  const before = await callOf(OURS, () => database.query("select consent from files"));
  expect(before.rows).toContainEqual({ consent: ours });
  const after = await callOf(OTHERS, () => database.query("select consent from files"));
  expect(after.rows).toEqual([]);
  const uses = await callOf(OTHERS, () => database.query("select from former_requests"));
  expect(uses.rows).toEqual([]);
});

test.each([
  "select from privacy_requests",
  "select from restrictions",
  "delete from consents",
  "delete from audit_leaf",
  "select payload from outbox",
  "set role consent",
  "select from banking.payments",
])("it may not at all: %s", async (sql) => {
  await expect(callOf(OURS, () => database.query(sql))).rejects.toThrow("permission denied");
});

test("connections that are made for no partner read nothing", async () => {
  const identity = await world.stack.identity("consent");
  const { database: config } = world.stack;
  const nobodys = createDatabase({ config, user: "consent_partner", schema: "consent", identity, log });
  onTestFinished(() => nobodys.close());
  await expect(nobodys.query("select from consents")).rejects.toThrow("wekeza.partner");
});

test("a partner that has all of its connections in use holds nobody up, and is told to come again", async () => {
  const held = Array.from({ length: CONNECTIONS_OF_ONE }, () => hold(OURS));
  await connected(CONNECTIONS_OF_ONE);
  const refused = callOf(OURS, () => database.query("select 1")).catch((error: unknown) => error);
  const others = await callOf(OTHERS, () => database.query("select current_user as role"));
  expect(others.rows).toEqual([{ role: "consent_partner" }]);
  const service = await database.query("select current_user as role");
  expect(service.rows).toEqual([{ role: "consent" }]);
  expect(await refused).toMatchObject({ status: 503, code: "PartnerBusy" });
  for (const { letGo } of held) letGo();
  await Promise.all(held.map(({ done }) => done));
});

test("all of them together leave the services what is theirs: beyond it they wait", async () => {
  const partners = Math.ceil(PARTNERS_CONNECTIONS / CONNECTIONS_OF_ONE);
  expect(partners * CONNECTIONS_OF_ONE).toBeGreaterThan(PARTNERS_CONNECTIONS);
  const held = Array.from({ length: partners * CONNECTIONS_OF_ONE }, (_, n) =>
    hold(`ptn-${String(n % partners).padStart(16, "0")}`),
  );
  await connected(PARTNERS_CONNECTIONS);
  await expect(database.query("select 1 as one")).resolves.toMatchObject({ rows: [{ one: 1 }] });
  for (const { letGo } of held) letGo();
  await Promise.all(held.map(({ done }) => done));
});

test("whose connections a call takes follows from the certificate of its gateway", async () => {
  const { authority } = world.stack;
  const server = await world.stack.identity("consent");
  const { during } = database;
  const app = createServiceApp({
    log,
    namespace: TEST_NAMESPACE,
    allow: ["gateway"],
    identity: server,
    during,
  });
  onTestFinished(() => app.close());
  app.post("/who", async () => {
    const sql = "select current_user as role, current_setting('wekeza.partner', true) as partner";
    return (await database.query(sql)).rows[0];
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const origin = `https://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const who = async (namespace: string): Promise<unknown> => {
    const material = await issue(authority, `gateway.${namespace}`);
    const identity = fixedIdentity({ ...material, thumbprint: "" }, authority.ca);
    const upstream = createUpstream({ identity, origin, serverName: "consent" });
    onTestFinished(() => upstream.close());
    const json = { text: "x".repeat(100_000) };
    return (await upstream.request({ method: "POST", path: "/who", body: { json } })).json();
  };
  expect(await who(`${TEST_NAMESPACE}-${OURS}`)).toEqual({ role: "consent_partner", partner: OURS });
  expect(await who(TEST_NAMESPACE)).toEqual({ role: "consent", partner: null });
  expect(await who(`${TEST_NAMESPACE}-${OTHERS}`)).toEqual({ role: "consent_partner", partner: OTHERS });
});
