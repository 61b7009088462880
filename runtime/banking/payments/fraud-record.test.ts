import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFraudRecord, distrust, type FraudRecord } from "./fraud-record.ts";
import { type Judgement, verdictOf } from "./fraud.ts";

const ACME = "ptn-0123456789abcdef";
/** From here on the operator suspends, and up to here it leaves a partner its whole limit (docs/trust.md). */
const SUSPENDED = 90;
const CALM = 20;

/** What the service says of one payment; undefined: nothing. */
const said = (score: number | undefined): Judgement => ({
  score,
  verdict: verdictOf(score, { euros: 1_000, payeeKnown: false }),
});

/** So many payments of that score. */
function payments(record: FraudRecord, count: number, score: number | undefined, clientId = ACME): void {
  for (let payment = 0; payment < count; payment += 1) record.observe({ clientId, ...said(score) });
}

describe("what is said of a partner's payments", () => {
  test.each([
    { good: 1_000, bad: 0, want: {} },
    { good: 0, bad: 1, want: { [ACME]: 10 } },
    { good: 1_000, bad: 1, want: {} },
    { good: 8, bad: 2, want: { [ACME]: 30 } },
    { good: 0, bad: 5, want: { [ACME]: 90 } },
    { good: 50, bad: 50, want: { [ACME]: 90 } },
    { good: 2, bad: 7, want: { [ACME]: 100 } },
    { good: 0, bad: 1_000, want: { [ACME]: 100 } },
  ])("of $good good ones and $bad refused ones is $want", ({ good, bad, want }) => {
    const record = createFraudRecord(() => 0);
    payments(record, good, 5);
    payments(record, bad, 95);
    expect(record.scores()).toEqual(want);
  });

  test.each([
    { score: 69, want: {} },
    { score: 70, want: { [ACME]: 100 } },
    { score: 90, want: { [ACME]: 100 } },
  ])("counts scores that hold or refuse: of ten at $score it is $want", ({ score, want }) => {
    const record = createFraudRecord(() => 0);
    payments(record, 10, score);
    expect(record.scores()).toEqual(want);
  });

  test("does not change when the service is silent, though all its payments are held", () => {
    const record = createFraudRecord(() => 0);
    payments(record, 1_000, undefined);
    expect(said(undefined).verdict).toBe("hold");
    expect(record.scores()).toEqual({});
    payments(record, 10, 95);
    expect(record.scores()).toEqual({ [ACME]: 100 });
  });

  test("is forgotten ten minutes later, and nine minutes later it is not", () => {
    let now = 0;
    const record = createFraudRecord(() => now);
    payments(record, 10, 95);
    now = 599_999;
    expect(record.scores()).toEqual({ [ACME]: 100 });
    now = 600_000;
    expect(record.scores()).toEqual({});
  });

  test("is of that partner alone", () => {
    const record = createFraudRecord(() => 0);
    payments(record, 10, 95);
    payments(record, 10, 5, "ptn-other");
    expect(record.scores()).toEqual({ [ACME]: 100 });
  });
});

const count = fc.integer({ min: 0, max: 5_000 });

test.each<[string, (good: number, bad: number) => boolean]>([
  [
    "is a whole ten from 0 to 100",
    (good, bad) => {
      const score = distrust({ scored: good + bad, bad });
      return score % 10 === 0 && score >= 0 && score <= 100;
    },
  ],
  [
    "never falls by one more that is refused",
    (good, bad) =>
      distrust({ scored: good + bad + 1, bad: bad + 1 }) >= distrust({ scored: good + bad, bad }),
  ],
  [
    "never rises by one more that passes",
    (good, bad) => distrust({ scored: good + bad + 1, bad }) <= distrust({ scored: good + bad, bad }),
  ],
  ["never bounds for one alone", (good) => distrust({ scored: good + 1, bad: 1 }) <= CALM],
  [
    "suspends whoever has half of five or more refused",
    (good, bad) => bad < Math.max(good, 5) || distrust({ scored: good + bad, bad }) >= SUSPENDED,
  ],
  [
    "never suspends whoever has less than half refused",
    (good, bad) => bad >= good || distrust({ scored: good + bad, bad }) < SUSPENDED,
  ],
])("the score %s", (_fact, holds) => {
  expect(() => fc.assert(fc.property(count, count, holds))).not.toThrow();
});

test("whatever comes when: the record says what a count over the last ten minutes says", () => {
  const event = fc.record({
    afterMs: fc.integer({ min: 0, max: 120_000 }),
    clientId: fc.constantFrom("a", "b", "c"),
    score: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  });
  const holds = fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    let now = 0;
    const record = createFraudRecord(() => now);
    const all: { readonly minute: number; readonly clientId: string; readonly score: number }[] = [];
    for (const { afterMs, clientId, score } of events) {
      now += afterMs;
      record.observe({ clientId, ...said(score) });
      if (score !== undefined) all.push({ minute: Math.floor(now / 60_000), clientId, score });
    }
    const recent = all.filter(({ minute }) => minute > Math.floor(now / 60_000) - 10);
    const want = ["a", "b", "c"].flatMap((clientId) => {
      const own = recent.filter((each) => each.clientId === clientId);
      const score = distrust({
        scored: own.length,
        bad: own.filter((each) => each.score >= 70).length,
      });
      return score > 0 ? [[clientId, score] as const] : [];
    });
    expect(record.scores()).toEqual(Object.fromEntries(want));
  });
  expect(() => fc.assert(holds)).not.toThrow();
});
