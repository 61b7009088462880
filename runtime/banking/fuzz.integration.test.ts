import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConsentKind } from "../service/consent-snapshot.ts";
import { obukDocument, obukOperations, type ObukDefinition } from "../service/testing/obuk-definitions.ts";
import { bodiesOf, valuesLike } from "../service/testing/obuk-fuzz.ts";
import { EVERYTHING, startBank, type TestBank } from "./testing/bank.ts";
import { PAYEE, paying, single, type Given } from "./testing/paying.ts";

/** Cases for each operation; FUZZ_CASES=500 is the long form: more than 20,000 in all. */
const CASES = Number(process.env["FUZZ_CASES"] ?? 12);
/** The same cases in every run, unless FUZZ_SEED names others. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_122);

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
    const { definition, method, path, request } = operation;
    const document = obukDocument(definition);
    const ids = bank.home("wanjiru").accounts;
    const bodies = request === undefined ? fc.constant(undefined) : bodiesOf(document ?? {}, request);
    const cases = fc.record({
      body: bodies,
      ids: fc.array(valuesLike(...ids, "2026-10", given.id), { minLength: 2, maxLength: 2 }),
      key: valuesLike("key-1"),
      query: fc.dictionary(
        valuesLike("page", "fromBookingDateTime", "toBookingDateTime"),
        valuesLike("bzE", "2026-11-01"),
      ),
      kind: fc.constantFrom<ConsentKind>("domestic-payment", "domestic-vrp", "account-access"),
    });
    const property = fc.asyncProperty(
      cases,
      async ({ body, ids: [one = "", two = ""], key, query, kind }) => {
        const segments = [one, two].map((segment) => encodeURIComponent(segment.toWellFormed()));
        const address = path.replaceAll(/\{\w+\}/g, () => segments.shift() ?? "");
        const search = new URLSearchParams(query).toString();
        const { consent, ...context } = given.context;
        const answer = await bank.send({
          method: method as "GET" | "POST",
          path: `/open-banking/v4.0${address}${search === "" ? "" : `?${search}`}`,
          payload: typeof body === "object" && body !== null ? body : undefined,
          headers: { "x-idempotency-key": key.replaceAll(/[^\x20-\x7e]/g, "?") },
          context: {
            ...context,
            consent: {
              accounts: [],
              historyDays: 90,
              ...consent,
              kind,
              permissions: [...EVERYTHING, "ReadParty"],
            },
          },
        });
        expect(answer.status).toBeLessThan(500);
        const text = JSON.stringify(answer.body);
        for (const secret of [...bank.home("amina").accounts, "Amina Hassan"])
          expect(text).not.toContain(secret);
      },
    );
    await fc.assert(property, { numRuns: CASES, seed: SEED, endOnFailure: true });
    expect(bank.answers.length).toBeGreaterThanOrEqual(CASES);
  });

  test("and no money was made or lost", async () => {
    await world.pay(await world.consented("domestic-payment", { Initiation: single("1.00") }));
    expect(await world.unconserved()).toEqual([]);
  });
});
