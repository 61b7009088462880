import fc from "fast-check";
import { expect, test } from "vitest";
import { quotasFor } from "./quota.ts";

const sum = (counts: readonly number[]): number => counts.reduce((all, each) => all + each, 0);
const count = fc.oneof(fc.nat(400), fc.constant(Number.POSITIVE_INFINITY));

test("all that is wanted is drawn as far as there is so much, and nobody is asked for more than it has", () => {
  const there = fc.array(fc.record({ processes: fc.nat(200), others: fc.nat(200) }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(count, count, there, (plans, processes, all) => {
      const quotas = quotasFor({ plans, processes }, all);
      const [killed, others] = [sum(all.map((each) => each.processes)), sum(all.map((each) => each.others))];
      const drawn = Math.min(processes, plans, killed);
      expect(sum(quotas.map((each) => each.processes))).toBe(drawn);
      expect(sum(quotas.map((each) => each.plans))).toBe(drawn + Math.min(plans - drawn, others));
      for (const [index, quota] of quotas.entries()) {
        expect(quota.processes).toBeLessThanOrEqual(all[index]?.processes ?? 0);
        expect(quota.plans - quota.processes).toBeLessThanOrEqual(all[index]?.others ?? 0);
      }
    }),
  );
});

test("who has few lives of processes plays more of the others", () => {
  const there = [
    { processes: 85, others: 4_000 },
    { processes: 240, others: 4_500 },
  ];
  expect(quotasFor({ plans: 1_005, processes: 280 }, there)).toEqual([
    { processes: 85, plans: 558 },
    { processes: 195, plans: 447 },
  ]);
});

test("a harness that ended before it had learned anything leaves its part to the other", () => {
  const there = [
    { processes: 0, others: 0 },
    { processes: 300, others: 900 },
  ];
  expect(quotasFor({ plans: 100, processes: 20 }, there)).toEqual([
    { processes: 0, plans: 0 },
    { processes: 20, plans: 100 },
  ]);
});
