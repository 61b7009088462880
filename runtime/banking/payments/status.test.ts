import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bearingOf,
  checkStep,
  DEBITED,
  isFinal,
  stateOfMany,
  TRANSFER_STATES,
  TRANSFER_STEPS,
} from "./status.ts";

test.each(TRANSFER_STATES)("from %s no way leads back to itself", (from) => {
  const seen = new Set<string>();
  const ahead = [...TRANSFER_STEPS[from]];
  for (let state = ahead.pop(); state !== undefined; state = ahead.pop()) {
    if (!seen.has(state)) ahead.push(...TRANSFER_STEPS[state]);
    seen.add(state);
  }
  expect(seen).not.toContain(from);
});

test("money that was debited is given back only by way of ACSP, and is debited only from PDNG", () => {
  const steps = TRANSFER_STATES.flatMap((from) => TRANSFER_STEPS[from].map((to) => ({ from, to })));
  const back = steps.filter(({ from, to }) => DEBITED.has(from) && !DEBITED.has(to));
  expect(back).toEqual([{ from: "ACSP", to: "RJCT" }]);
  const forth = steps.filter(({ from, to }) => !DEBITED.has(from) && DEBITED.has(to));
  expect(new Set(forth.map(({ from }) => from))).toEqual(new Set(["PDNG"]));
});

test("only what ends has no next step, and a step outside the table is a mistake", () => {
  expect(TRANSFER_STATES.filter(isFinal)).toEqual(["ACCC", "BLCK", "RJCT"]);
  expect(() => checkStep("RJCT", "ACCC")).toThrow("A transfer cannot go from RJCT to ACCC.");
});

test.each([
  { known: "ACWP", said: "RJCT", to: "scheme", open: true, want: "contradiction" },
  { known: "ACWP", said: "ACSC", to: "scheme", open: true, want: "known" },
  { known: "ACWP", said: "ACWP", to: "scheme", open: true, want: "known" },
  { known: "ACWP", said: "BLCK", to: "scheme", open: true, want: "new" },
  { known: "ACSC", said: "ACWP", to: "scheme", open: false, want: "known" },
  { known: "ACSC", said: "ACCC", to: "scheme", open: false, want: "new" },
  { known: "ACSC", said: "BLCK", to: "scheme", open: false, want: "new" },
  { known: "ACSP", said: "BLCK", to: "scheme", open: true, want: "new" },
  { known: "ACSC", said: "RJCT", to: "scheme", open: false, want: "contradiction" },
  { known: "RJCT", said: "ACWP", to: "scheme", open: false, want: "contradiction" },
  { known: "RJCT", said: "RJCT", to: "scheme", open: false, want: "known" },
  { known: "ACSP", said: "RJCT", to: "core", open: false, want: "contradiction" },
  { known: "ACSP", said: "ACCC", to: "core", open: false, want: "contradiction" },
  { known: "ACSP", said: "ACSP", to: "core", open: false, want: "known" },
  { known: "RJCT", said: "ACSP", to: "core", open: false, want: "contradiction" },
  { known: "ACCC", said: "ACSP", to: "core", open: false, want: "contradiction" },
  { known: "PDNG", said: "ACSP", to: "core", open: true, want: "new" },
] as const)("to $known that $said is said by the $to (waited for: $open) is: $want", (asked) => {
  expect(bearingOf(asked.known, asked.said, asked)).toBe(asked.want);
});

const asked = fc.record({ to: fc.constantFrom("core" as const, "scheme" as const), open: fc.boolean() });
const state = fc.constantFrom(...TRANSFER_STATES);

test("what is new is a step that money may take, and nothing is new of what has ended", () => {
  const property = fc.property(state, state, asked, (known, said, how) => {
    const bearing = bearingOf(known, said, how);
    if (bearing === "new") checkStep(known, said);
    return bearing !== "new" || !isFinal(known);
  });
  expect(() => fc.assert(property)).not.toThrow();
});

test("an order or file fails with any of its parts, and is complete only when nothing waits", () => {
  const states = fc.array(fc.constantFrom(...TRANSFER_STATES));
  const property = fc.property(states, fc.boolean(), (list, more) => {
    const state = stateOfMany(list, more);
    if (list.includes("RJCT")) return state === "INFA";
    return (state === "INCO") === (!more && list.length > 0 && !list.includes("PDNG"));
  });
  expect(() => fc.assert(property)).not.toThrow();
});
