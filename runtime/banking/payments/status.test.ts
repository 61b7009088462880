import fc from "fast-check";
import { expect, test } from "vitest";
import { checkStep, DEBITED, isFinal, stateOfMany, TRANSFER_STATES, TRANSFER_STEPS } from "./status.ts";

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

test("an order or file fails with any of its parts, and is complete only when nothing waits", () => {
  const states = fc.array(fc.constantFrom(...TRANSFER_STATES));
  const property = fc.property(states, fc.boolean(), (list, more) => {
    const state = stateOfMany(list, more);
    if (list.includes("RJCT")) return state === "INFA";
    return (state === "INCO") === (!more && list.length > 0 && !list.includes("PDNG"));
  });
  expect(() => fc.assert(property)).not.toThrow();
});
