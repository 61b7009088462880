import { expect, test } from "vitest";
import { verdictOf } from "./fraud.ts";

test.each([
  { score: 0, euros: 1e6, payeeKnown: false, want: "pass" },
  { score: 69, euros: 1e6, payeeKnown: false, want: "pass" },
  { score: 70, euros: 1, payeeKnown: true, want: "hold" },
  { score: 90, euros: 1, payeeKnown: true, want: "refuse" },
  { score: undefined, euros: 30, payeeKnown: false, want: "watch" },
  { score: undefined, euros: 30.01, payeeKnown: false, want: "hold" },
  { score: undefined, euros: 300, payeeKnown: true, want: "watch" },
  { score: undefined, euros: 300.01, payeeKnown: true, want: "hold" },
])("score $score, $euros euro, payee known $payeeKnown: $want", ({ score, want, ...facts }) => {
  expect(verdictOf(score, facts)).toBe(want);
});
