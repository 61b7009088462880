import { afterAll, beforeAll, expect, test } from "vitest";
import { asSuperuser } from "../database/bootstrap.ts";
import { asRole } from "../database/testing/stack-database.ts";
import { forgetKeys } from "../service/idempotency.ts";
import { forgetConfirmations } from "./retention.ts";
import { NOW, startBank, type TestBank } from "./testing/bank.ts";

let bank: TestBank;
beforeAll(async () => {
  bank = await startBank();
});
afterAll(() => bank.stop());

const LONG_AGO = new Date("2016-03-01T12:00:00.000Z");

test("that somebody asked whether there is money enough is forgotten after thirteen months, but for whom somebody holds", async () => {
  const { stack, database } = bank;
  await asSuperuser(stack.agent.socket, "wekeza", async (client) => {
    for (const name of ["free", "held"])
      await client.query(
        `insert into consent.consents (id, client_id, kind, state, permissions, request, request_hash, created_at, state_updated_at,
           expires_at, ends_at, policy, customer, ended_by)
         values ($1, 'ptn-1', 'funds-confirmation', 'EXPD', '{}', '{}', '', $2, $2, $2, $2, '{"hash": "h"}', $3, 'expire')`,
        [`cof-${name}`, LONG_AGO, `cus-${name}`],
      );
  });
  await asRole(stack, "consent", (query) =>
    query(
      `insert into legal_holds (id, customer, reason, placed_by, placed_at, until)
       values ('hld-1', 'cus-held', 'case', 'j', $1, '2099-01-01')`,
      [LONG_AGO],
    ),
  );
  for (const [id, consent, at] of [
    ["old", "cof-free", LONG_AGO],
    ["young", "cof-free", NOW],
    ["of-nobody", "cof-none", LONG_AGO],
    ["held", "cof-held", LONG_AGO],
  ] as const)
    await database.query(
      "insert into funds_confirmations (id, consent, reference, at) values ($1, $2, 'r', $3)",
      [id, consent, at],
    );
  expect(await forgetConfirmations(database, NOW)).toBe(2);
  const { rows } = await database.query("select id from funds_confirmations order by id");
  expect(rows).toEqual([{ id: "held" }, { id: "young" }]);
  const leaves = await database.query<{ readonly leaf: string }>(
    "select leaf from audit_leaf where subject = 'funds-confirmations'",
  );
  expect(leaves.rows.map(({ leaf }) => JSON.parse(leaf) as unknown)).toEqual([
    {
      type: "banking.aged",
      at: NOW.toISOString(),
      what: "funds-confirmations",
      rule: "disputable",
      count: 2,
    },
  ]);
  expect(await forgetConfirmations(database, NOW)).toBe(0);
  await expect(database.query("delete from funds_confirmations")).rejects.toThrow("permission denied");
});

test("keys of requests are forgotten a day after, however many there are, and no younger one", async () => {
  const { database } = bank;
  await database.query(
    `insert into idempotency_keys (client_id, path, key, body_hash, resource, claimed_at, expires_at)
     select 'ptn-1', '/', n::text, '', 'r', $1, $1::timestamptz + n * interval '1 second' from generate_series(1, 2500) n`,
    [new Date(NOW.getTime() - 2_400_000)],
  );
  expect(await forgetKeys(database, NOW)).toBe(2_400);
  const { rows } = await database.query("select min(key::integer) as oldest from idempotency_keys");
  expect(rows).toEqual([{ oldest: 2_401 }]);
});
