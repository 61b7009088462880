import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConsentKind } from "../service/consent-snapshot.ts";
import { fuzzed } from "../service/testing/fuzzed-operation.ts";
import { obukOperations, type ObukDefinition } from "../service/testing/obuk-definitions.ts";
import { valuesLike } from "../service/testing/obuk-fuzz.ts";
import { EVERYTHING, startBank, type TestBank } from "./testing/bank.ts";
import { PAYEE, paying, single, type Given } from "./testing/paying.ts";

let bank: TestBank;
let world: ReturnType<typeof paying>;
let given: Given;
beforeAll(async () => {
  bank = await startBank();
  world = paying(bank);
  given = await world.consented("domestic-vrp", { Initiation: { CreditorAccount: PAYEE } });
});
afterAll(() => bank.stop());

const NAMES: readonly ObukDefinition[] = ["account-info", "payment-initiation", "vrp", "confirmation-funds"];
const operations = NAMES.flatMap((name) => obukOperations(name) ?? []).filter(
  ({ path }) => !path.endsWith("-consents") && !/-consents\/\{\w+\}(\/file)?$/.test(path),
);

describe.skipIf(operations.length === 0)("whatever is sent", () => {
  test.each(operations)("$method $path answers, below 500, and tells nobody's secrets", async (operation) => {
    const ids = [...bank.home("wanjiru").accounts, "2026-10", given.id];
    const more = fc.record({
      query: fc.dictionary(
        valuesLike("page", "fromBookingDateTime", "toBookingDateTime"),
        valuesLike("bzE", "2026-11-01"),
      ),
      kind: fc.constantFrom<ConsentKind>("domestic-payment", "domestic-vrp", "account-access"),
    });
    await fuzzed(operation, { cases: 12, ids, more }, async ({ address, key, ...call }, { query, kind }) => {
      const search = new URLSearchParams(query).toString();
      const { consent, ...context } = given.context;
      const permissions = [...EVERYTHING, "ReadParty"];
      const answer = await bank.send({
        ...call,
        method: call.method as "GET" | "POST",
        path: `${address}${search === "" ? "" : `?${search}`}`,
        headers: { "x-idempotency-key": key },
        context: { ...context, consent: { accounts: [], historyDays: 90, ...consent, kind, permissions } },
      });
      expect(answer.status).toBeLessThan(500);
      const text = JSON.stringify(answer.body);
      for (const secret of [...bank.home("amina").accounts, "Amina Hassan"])
        expect(text).not.toContain(secret);
    });
  });

  test("and no money was made or lost", async () => {
    await world.pay(await world.consented("domestic-payment", { Initiation: single("1.00") }));
    expect(await world.unconserved()).toEqual([]);
  });
});
