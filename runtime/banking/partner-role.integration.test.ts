import { afterAll, beforeAll, expect, test } from "vitest";
import { createLog } from "../service/logger.ts";
import { databaseOf, type PartnerDatabase } from "../service/partner-database.ts";
import { ACME, startBank, type TestBank } from "./testing/bank.ts";
import { paying, single } from "./testing/paying.ts";

const OTHERS = "ptn-0000000000000002";

let bank: TestBank;
let database: PartnerDatabase;
beforeAll(async () => {
  bank = await startBank();
  const identity = await bank.stack.identity("banking");
  const log = createLog("banking", { level: "silent" });
  database = databaseOf("banking", { config: bank.stack.database, identity, log });
});
afterAll(async () => {
  await database.close();
  await bank.stop();
});

/** What a statement comes to in a call of a partner's own gateway. */
async function asked(partner: string, sql: string, ...values: readonly unknown[]): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  database.during(partner, () => resolve(database.query(sql, values).then(({ rows }) => rows)));
  return promise;
}

test("a statement that forgets whose payments it may see finds those of the calling partner alone", async () => {
  const world = paying(bank);
  const pay = async (clientId: string): Promise<unknown> => {
    const given = await world.consented("domestic-payment", { Initiation: single("1.00") }, { clientId });
    return (await world.pay(given)).body.Data["DomesticPaymentId"];
  };
  const [ours, others] = [await pay(ACME), await pay(OTHERS)];
  await expect(asked(ACME, "select id from payments")).resolves.toEqual([{ id: ours }]);
  await expect(asked(OTHERS, "select id from payments")).resolves.toEqual([{ id: others }]);
  await expect(asked(ACME, "update payments set runs = 9 returning id")).resolves.toEqual([{ id: ours }]);
  const keys = "select distinct client_id as client from idempotency_keys";
  await expect(asked(ACME, keys)).resolves.toEqual([{ client: ACME }]);
});

test.each([
  "select from credentials",
  "update accounts set balance = 0",
  "delete from payments",
  "delete from audit_leaf",
  "update outgoing set tries = 0",
  "set role banking",
  "select from consent.consents",
])("it may not at all: %s", async (sql) => {
  await expect(asked(ACME, sql)).rejects.toThrow("permission denied");
});
