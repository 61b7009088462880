import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asRole } from "../database/testing/stack-database.ts";
import { canonicalJson } from "../service/canonical-json.ts";
import { type ConsentKind, PAYMENT_KINDS } from "../service/consent-snapshot.ts";
import { createLog } from "../service/logger.ts";
import { createDatabase, type Database } from "../service/postgres.ts";
import { rulesOf } from "./kinds/kinds.ts";
import { OTHERS, OURS, startConsents, type TestConsents } from "./testing/consent-service.ts";
import { daysAfter, NOON } from "./testing/consents.ts";
import { FILE, PAYEE, REQUESTS } from "./testing/requests.ts";

let world: TestConsents;
/** As banking calls, with its own role. */
let banking: Database;
let serial = 0;
beforeAll(async () => {
  world = await startConsents();
  banking = createDatabase({
    config: world.stack.database,
    user: "banking",
    identity: await world.stack.identity("banking"),
    log: createLog("banking", { level: "silent" }),
  });
});
afterAll(async () => {
  await banking.close();
  await world.stop();
});
beforeEach(() => world.begin());

interface Use {
  readonly client?: string;
  readonly initiation?: object;
  readonly instruction?: object;
  readonly payment?: string;
  readonly at?: Date;
}
const initiationOf = (kind: ConsentKind) =>
  (REQUESTS[kind].Data as { readonly Initiation: object }).Initiation;

async function use(
  consent: string,
  kind: ConsentKind,
  {
    client = OURS,
    initiation = initiationOf(kind),
    instruction,
    payment = `pay-${(serial += 1)}`,
    at = NOON,
  }: Use = {},
): Promise<Record<string, unknown>> {
  const { rows } = await banking.query<{ answer: Record<string, unknown> }>(
    "select consent.use($1, $2, $3, $4, $5, $6) as answer",
    [consent, client, initiation, instruction ?? null, payment, at],
  );
  return rows[0]?.answer ?? {};
}

const release = async (payment: string): Promise<unknown> =>
  (await banking.query<{ given: boolean }>("select consent.release($1, $2) as given", [payment, NOON]))
    .rows[0]?.given;

const pay = (amount: string, more: object = {}) => ({
  InstructedAmount: { Amount: amount, Currency: "KES" },
  CreditorAccount: PAYEE,
  ...more,
});

describe("a payment's consent", () => {
  test.each(PAYMENT_KINDS)("of kind %s is consumed by the first payment that says the same", async (kind) => {
    const id = await world.authorised(kind);
    const initiation = initiationOf(kind);
    const turned = Object.fromEntries(Object.entries(initiation).toReversed());
    expect(await use(id, kind, { initiation: turned, payment: `p-${kind}` })).toEqual({
      outcome: "Used",
      state: "COND",
      kind,
      customer: "cus-amina",
      debtorAccount: "acc-1",
      initiation,
    });
    expect(await use(id, kind)).toMatchObject({ outcome: "WrongState", state: "COND" });
    expect(await use(id, kind, { payment: `p-${kind}` })).toMatchObject({ outcome: "Used", state: "COND" });
    expect(await release(`p-${kind}`)).toBe(false);
    expect((await world.asPartner("GET", `${rulesOf(kind).path}/${id}`)).body).toMatchObject({
      Data: { Status: "COND" },
    });
    // A consumed consent did what it was for: nothing was taken back.
    expect(world.told()).toEqual([]);
  });

  test("is used once by sixteen payments at one time", async () => {
    const id = await world.authorised("domestic-payment");
    const outcomes = await Promise.all(Array.from({ length: 16 }, () => use(id, "domestic-payment")));
    expect(outcomes.map(({ outcome }) => String(outcome)).toSorted()).toEqual([
      "Used",
      ...Array<string>(15).fill("WrongState"),
    ]);
  });

  test.each<{ why: string; use: Use; want: string }>([
    { why: "another client's", use: { client: OTHERS }, want: "NotFound" },
    {
      why: "for another amount",
      use: {
        initiation: {
          ...initiationOf("domestic-payment"),
          InstructedAmount: { Amount: "1200.51", Currency: "KES" },
        },
      },
      want: "InitiationDiffers",
    },
    { why: "over", use: { at: daysAfter(1) }, want: "Expired" },
  ])("that is $why is not used, and nothing is written", async ({ use: with_, want }) => {
    const id = await world.authorised("domestic-payment");
    expect(await use(id, "domestic-payment", with_)).toMatchObject({ outcome: want });
    expect(await world.states(id)).toMatchObject([{ state: "AUTH" }]);
  });

  test.each(["account-access", "funds-confirmation"] as const)("is none of kind %s", async (kind) => {
    const id = await world.authorised(kind);
    expect(await use(id, kind, { initiation: {} })).toEqual({ outcome: "NotFound" });
  });

  test("waits for its customer first", async () => {
    const id = await world.asked(undefined, "domestic-payment");
    expect(await use(id, "domestic-payment")).toMatchObject({ outcome: "WrongState", state: "AWAU" });
  });

  test("is not used when banking's transaction does not end well", async () => {
    const id = await world.authorised("domestic-payment");
    const failed = banking.transaction(async (tx) => {
      await tx.query("select consent.use($1, $2, $3, null, 'pay-lost', $4)", [
        id,
        OURS,
        initiationOf("domestic-payment"),
        NOON,
      ]);
      throw new Error("no money");
    });
    await expect(failed).rejects.toThrow("no money");
    expect(await world.states(id)).toMatchObject([{ state: "AUTH" }]);
  });

  test("leaves its event and its leaf, hashed as every leaf is", async () => {
    const id = await world.authorised("domestic-payment");
    await use(id, "domestic-payment", { payment: "pay-told" });
    const rows = await asRole(world.stack, "consent", (query) =>
      query(
        `select o.payload, l.leaf, l.hash = sha256('\\x00'::bytea || convert_to(l.leaf, 'UTF8')) as hashed
         from outbox o join audit_leaf l using (subject) where o.subject = $1 and o.type = 'consent.used'
         and l.leaf::jsonb = o.payload`,
        [id],
      ),
    );
    expect(rows).toMatchObject([
      {
        hashed: true,
        payload: { payment: "pay-told", state: "COND", customer: "cus-amina", at: NOON.toISOString() },
      },
    ]);
    expect(rows[0]?.["leaf"]).toBe(canonicalJson(rows[0]?.["payload"]));
  });

  test("hands banking its file", async () => {
    const id = await world.authorised("file-payment");
    const { rows } = await banking.query("select * from consent.file_of($1)", [id]);
    expect(rows).toEqual([{ media_type: "application/json", content: FILE }]);
  });
});

test("banking sees consents through functions only", async () => {
  for (const table of ["consents", "uses", "files", "outbox"])
    await expect(banking.query(`select * from consent.${table}`)).rejects.toThrow(/permission denied/);
});

describe("calls without the customer", () => {
  const call = async (consent: string, resource = "accounts", at = NOON): Promise<unknown> => {
    const { rows } = await banking.query<{ allowed: boolean }>(
      "select consent.unattended($1, $2, $3) as allowed",
      [consent, resource, at],
    );
    return rows[0]?.allowed;
  };

  test("are four a day of each resource, however many come at one time", async () => {
    const id = await world.authorised();
    const calls = await Promise.all(Array.from({ length: 12 }, () => call(id)));
    expect(calls.filter((allowed) => allowed === true)).toHaveLength(4);
    expect(await call(id, "balances")).toBe(true);
    expect(await call(id, "accounts", daysAfter(1))).toBe(true);
    expect(await call("aac-none")).toBe(false);
  });

  test("are forgotten when their day is over", async () => {
    const id = await world.authorised();
    await call(id);
    await world.store.forgetCalls(NOON);
    const counted = async () =>
      asRole(world.stack, "consent", (query) =>
        query("select calls from unattended_calls where consent = $1", [id]),
      );
    expect(await counted()).toEqual([{ calls: 1 }]);
    await world.store.forgetCalls(daysAfter(2));
    expect(await counted()).toEqual([]);
  });
});

describe("a variable recurring payment", () => {
  const kind = "domestic-vrp";

  test("is bound by its greatest amount, its month, its payee and its currency", async () => {
    const id = await world.authorised(kind);
    const outcome = async (instruction: object, at = NOON) =>
      (await use(id, kind, { instruction, at }))["outcome"];
    expect(await outcome(pay("100.01"))).toBe("LimitExceeded");
    expect(await outcome({ ...pay("1"), InstructedAmount: { Amount: "1", Currency: "EUR" } })).toBe(
      "LimitExceeded",
    );
    expect(await outcome(pay("1", { CreditorAccount: { ...PAYEE, Identification: "KE2" } }))).toBe(
      "InitiationDiffers",
    );
    expect(await outcome(pay("0"))).toBe("InitiationDiffers");
    expect(await outcome({})).toBe("InitiationDiffers");
    expect(await outcome(pay("100"))).toBe("Used");
    expect(await outcome(pay("100.00"))).toBe("Used");
    expect(await use(id, kind, { instruction: pay("50.01") })).toMatchObject({
      outcome: "LimitExceeded",
      limit: {
        name: "PeriodicLimits",
        PeriodType: "Month",
        used: "200.00",
        allowed: "250.00",
        until: "2026-12-22",
      },
    });
    expect(await outcome(pay("50"))).toBe("Used");
    expect(await outcome(pay("0.01"))).toBe("LimitExceeded");
    expect(await outcome(pay("0.01"), new Date("2026-12-22T00:00:00Z"))).toBe("Used");
    expect(await world.states(id)).toMatchObject([{ state: "AUTH" }]);
  });

  test("that was rejected gives back what it used, once", async () => {
    const id = await world.authorised(kind);
    await use(id, kind, { instruction: pay("100"), payment: "vrp-a" });
    await use(id, kind, { instruction: pay("100"), payment: "vrp-b" });
    expect(await use(id, kind, { instruction: pay("100") })).toMatchObject({ outcome: "LimitExceeded" });
    expect([await release("vrp-a"), await release("vrp-a"), await release("vrp-none")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await use(id, kind, { instruction: pay("100") })).toMatchObject({ outcome: "Used" });
    expect(await use(id, kind, { instruction: pay("100") })).toMatchObject({ outcome: "LimitExceeded" });
  });

  test("never exceeds its limit, however many are made and released at one time", async () => {
    const step = fc.record({ cents: fc.integer({ min: 1, max: 10_000 }), rejected: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        const id = await world.authorised(kind);
        let booked = 0;
        await Promise.all(
          steps.map(async ({ cents, rejected }) => {
            const payment = `vrp-${(serial += 1)}`;
            const amount = (cents / 100).toFixed(2);
            const { outcome } = await use(id, kind, { instruction: pay(amount), payment });
            if (outcome !== "Used") return;
            if (rejected) await release(payment);
            else booked += cents;
          }),
        );
        expect(booked).toBeLessThanOrEqual(25_000);
        const left = (25_000 - booked) / 100;
        // What is left can be used to the last cent, and no cent more.
        const rests = [Math.min(left, 100), Math.min(Math.max(left - 100, 0), 100), Math.max(left - 200, 0)];
        const taken: unknown[] = [];
        for (const rest of rests.filter((amount) => amount > 0))
          taken.push((await use(id, kind, { instruction: pay(rest.toFixed(2)) }))["outcome"]);
        expect(new Set(taken)).toEqual(new Set(taken.length === 0 ? [] : ["Used"]));
        expect(await use(id, kind, { instruction: pay("0.01") })).toMatchObject({ outcome: "LimitExceeded" });
      }),
      { numRuns: 15 },
    );
  });
});

describe("the period of a limit", () => {
  const TYPES = ["Day", "Week", "Fortnight", "Month", "Half-year", "Year"] as const;
  const LENGTH = {
    Day: [1, 1],
    Week: [7, 7],
    Fortnight: [14, 14],
    Month: [28, 31],
    "Half-year": [181, 184],
    Year: [365, 366],
  };
  const DAY_MS = 86_400_000;
  const day = (n: number): string => new Date(Date.UTC(2024, 0, 1) + n * DAY_MS).toISOString().slice(0, 10);
  const nth = (text: unknown): number =>
    (Date.parse(`${String(text)}T00:00:00Z`) - Date.UTC(2024, 0, 1)) / DAY_MS;

  async function periods(rows: readonly (readonly [string, string, string, string])[]) {
    return await asRole(world.stack, "consent", (query) =>
      query(
        `select starts::text, ends::text from jsonb_to_recordset($1) as q(type text, alignment text, origin date, day date),
         limit_period(q.type, q.alignment, q.origin, q.day)`,
        [JSON.stringify(rows.map(([type, alignment, origin, on]) => ({ type, alignment, origin, day: on })))],
      ),
    );
  }

  test.each([
    { period: ["Week", "Calendar", "2026-11-18", "2026-11-22"], starts: "2026-11-16", ends: "2026-11-23" },
    {
      period: ["Half-year", "Calendar", "2026-11-18", "2026-11-22"],
      starts: "2026-07-01",
      ends: "2027-01-01",
    },
    { period: ["Year", "Calendar", "2026-11-18", "2026-11-22"], starts: "2026-01-01", ends: "2027-01-01" },
    { period: ["Month", "Consent", "2026-01-31", "2026-02-27"], starts: "2026-01-31", ends: "2026-02-28" },
    { period: ["Month", "Consent", "2026-01-31", "2026-02-28"], starts: "2026-02-28", ends: "2026-03-31" },
    { period: ["Month", "Consent", "2026-01-31", "2026-03-31"], starts: "2026-03-31", ends: "2026-04-30" },
    {
      period: ["Fortnight", "Consent", "2026-11-18", "2026-12-02"],
      starts: "2026-12-02",
      ends: "2026-12-16",
    },
    { period: ["Year", "Consent", "2024-02-29", "2025-02-28"], starts: "2025-02-28", ends: "2026-02-28" },
  ] as const)("$period runs from $starts to $ends", async ({ period, starts, ends }) => {
    expect(await periods([period])).toEqual([{ starts, ends }]);
  });

  test("holds its day, begins where the one before it ends, and is as long as it says", async () => {
    const days = fc.sample(fc.tuple(fc.nat(1_500), fc.nat(1_500)), { numRuns: 60, seed: 7 });
    const asked = TYPES.flatMap((type) =>
      (type === "Fortnight" ? ["Consent"] : ["Consent", "Calendar"]).flatMap((alignment) =>
        days.map(([origin, later]) => [type, alignment, day(origin), day(origin + later)] as const),
      ),
    );
    const found = await periods(asked);
    const next = await periods(
      asked.map(([type, alignment, origin], n) => [type, alignment, origin, String(found[n]?.["ends"])]),
    );
    const wrong = asked.filter(([type, , , on], n) => {
      const [starts, ends] = [nth(found[n]?.["starts"]), nth(found[n]?.["ends"])];
      const [shortest = 0, longest = 0] = LENGTH[type];
      const holds = starts <= nth(on) && nth(on) < ends;
      return (
        !holds || nth(next[n]?.["starts"]) !== ends || ends - starts < shortest || ends - starts > longest
      );
    });
    expect(wrong).toEqual([]);
  });

  test("of a calendar that had begun already gives its share", async () => {
    const limits = [{ PeriodType: "Month", PeriodAlignment: "Calendar", Amount: "300.00", Currency: "KES" }];
    const { Data: data, ...rest } = REQUESTS["domestic-vrp"];
    const { ControlParameters: terms } = data as { readonly ControlParameters: object };
    const payload = { ...rest, Data: { ...data, ControlParameters: { ...terms, PeriodicLimits: limits } } };
    const id = await world.authorised("domestic-vrp", payload);
    // From the 22nd on, 9 of November's 30 days are left: 90 of 300.
    expect(await use(id, "domestic-vrp", { instruction: pay("90.01") })).toMatchObject({
      outcome: "LimitExceeded",
      limit: { allowed: "90.00" },
    });
    expect(await use(id, "domestic-vrp", { instruction: pay("90.00") })).toMatchObject({ outcome: "Used" });
    const december = { instruction: pay("100"), at: new Date("2026-12-01T00:00:00Z") };
    expect(await use(id, "domestic-vrp", december)).toMatchObject({ outcome: "Used" });
  });
});
