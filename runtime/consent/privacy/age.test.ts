import fc from "fast-check";
import { expect, test } from "vitest";
import { JURISDICTIONS } from "../../../crds/jurisdiction.ts";
import { CONSENT_KINDS, CONSENT_STATES } from "../../service/consent-snapshot.ts";
import { decideByAge, type AgeDecision, type AgeFacts } from "./age.ts";
import { PERIODS } from "./periods.ts";
import { plusMonths } from "./request.ts";

const NOW = new Date("2026-11-23T12:00:00.000Z");
const monthsAgo = (months: number): Date => plusMonths(NOW, -months);
const aged = (
  fields: Partial<AgeFacts["consent"]>,
  { payments = [], heldUntil }: Partial<Omit<AgeFacts, "consent">> = {},
): AgeDecision =>
  decideByAge(
    {
      consent: {
        id: "c-1",
        kind: "account-access",
        state: "EXPD",
        stateUpdatedAt: monthsAgo(85),
        jurisdiction: "ke-cbk",
        customer: "cus-amina",
        ...fields,
      },
      payments,
      heldUntil,
    },
    NOW,
  );
const unmade = { kind: "domestic-payment", state: "RJCT" } as const;

test.each([
  { law: "ke-cbk", months: 84 },
  { law: "eu-psd2", months: 60 },
  { law: "uk-ob", months: 60 },
] as const)(
  "what gave something under $law goes $months months after its end, not before",
  ({ law, months }) => {
    const ended = (stateUpdatedAt: Date): AgeDecision => aged({ jurisdiction: law, stateUpdatedAt });
    expect(ended(monthsAgo(months))).toEqual({ do: "erase", rule: `${law}/record` });
    const [last] = [new Date(monthsAgo(months).getTime() + 1)];
    expect(ended(last)).toEqual({ do: "keep", lookAt: plusMonths(last, months) });
  },
);

test("a payment that came to nothing, and what nobody agreed to, goes after the thirteen months of a dispute", () => {
  const rule = "eu-psd2/nothing";
  const european = { jurisdiction: "eu-psd2", stateUpdatedAt: monthsAgo(13) } as const;
  expect(aged({ ...unmade, ...european })).toEqual({ do: "erase", rule });
  expect(aged({ customer: undefined, ...european })).toEqual({ do: "erase", rule });
  expect(aged({ ...unmade, stateUpdatedAt: monthsAgo(12) })).toEqual({
    do: "keep",
    lookAt: monthsAgo(-1),
  });
});

test("under a law that is not known, the longest period holds", () => {
  expect(aged({ jurisdiction: undefined, stateUpdatedAt: monthsAgo(83) }).do).toBe("keep");
  expect(aged({ jurisdiction: undefined })).toEqual({ do: "erase", rule: "ke-cbk/record" });
});

test("an order is kept by the last that was paid under it", () => {
  const order = { kind: "domestic-standing-order", state: "COND", stateUpdatedAt: monthsAgo(200) } as const;
  const paid = (at: Date, over: boolean) => ({ payments: [{ consent: "c-1", over, at }] });
  expect(aged(order, paid(monthsAgo(84), true)).do).toBe("erase");
  expect(aged(order, paid(monthsAgo(2), true))).toEqual({ do: "keep", lookAt: monthsAgo(-82) });
  expect(aged(order, paid(monthsAgo(84), false))).toEqual({ do: "keep", lookAt: monthsAgo(-1) });
});

test("what lives is never too old", () => {
  expect(aged({ state: "AUTH" })).toEqual({ do: "keep", lookAt: monthsAgo(-1) });
});

test("whatever state its consent ended in, what was paid is a record", () => {
  const paid = { payments: [{ consent: "c-1", over: true, at: monthsAgo(20) }] };
  const refused = { ...unmade, stateUpdatedAt: monthsAgo(20) };
  expect(aged(refused).do).toBe("erase");
  expect(aged(refused, paid)).toEqual({ do: "keep", lookAt: monthsAgo(-64) });
});

test("a legal hold keeps it until the hold ends", () => {
  expect(aged({}, { heldUntil: monthsAgo(-3) })).toEqual({ do: "keep", lookAt: monthsAgo(-3) });
});

const facts: fc.Arbitrary<AgeFacts> = fc
  .record({
    kind: fc.constantFrom(...CONSENT_KINDS),
    state: fc.constantFrom(...CONSENT_STATES),
    stateUpdatedAt: fc.date({ min: monthsAgo(240), max: NOW, noInvalidDate: true }),
    jurisdiction: fc.option(fc.constantFrom(...JURISDICTIONS), { nil: undefined }),
    customer: fc.option(fc.constant("cus-amina"), { nil: undefined }),
    paid: fc.array(
      fc.record({ over: fc.boolean(), at: fc.date({ min: monthsAgo(240), max: NOW, noInvalidDate: true }) }),
      { maxLength: 3 },
    ),
    heldUntil: fc.option(fc.date({ min: monthsAgo(-1), max: monthsAgo(-60), noInvalidDate: true }), {
      nil: undefined,
    }),
  })
  .map(({ paid, heldUntil, ...consent }) => ({
    consent: { id: "c-1", ...consent },
    payments: paid.map((payment) => ({ ...payment, consent: "c-1" })),
    heldUntil,
  }));

test("nothing that lives, is held, is under way, or is younger than thirteen months goes", () => {
  fc.assert(
    fc.property(facts, (given) => {
      if (decideByAge(given, NOW).do === "keep") return;
      const { consent, payments, heldUntil } = given;
      expect(heldUntil).toBeUndefined();
      expect(["COND", "RJCT", "CANC", "EXPD"]).toContain(consent.state);
      expect(payments.filter(({ over }) => !over)).toEqual([]);
      for (const at of [consent.stateUpdatedAt, ...payments.map((payment) => payment.at)])
        expect(at.getTime()).toBeLessThanOrEqual(monthsAgo(13).getTime());
    }),
  );
});

test("what ended is not kept for ever: looked at when it says, it goes, or something is still under way", () => {
  fc.assert(
    fc.property(facts, (given) => {
      fc.pre(["COND", "RJCT", "CANC", "EXPD"].includes(given.consent.state));
      const decision = decideByAge(given, NOW);
      if (decision.do === "erase") return;
      expect(decision.lookAt.getTime()).toBeGreaterThan(NOW.getTime());
      const then = decideByAge({ ...given, heldUntil: undefined }, decision.lookAt);
      expect(then.do).toBe(given.payments.every(({ over }) => over) ? "erase" : "keep");
    }),
  );
});

test("every period has a source, and none is shorter than a dispute", () => {
  for (const rules of Object.values(PERIODS))
    for (const { months, source } of Object.values(rules)) {
      expect(months).toBeGreaterThanOrEqual(13);
      expect(source).not.toBe("");
    }
});
