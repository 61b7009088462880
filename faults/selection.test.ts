import "reflect-metadata";
import { expect, test } from "vitest";
import { hasProcess, livesOf, plansFor } from "./selection.ts";
import type { FaultPlan } from "./play.ts";
import { SCENARIOS } from "./scenario/scenarios.ts";
import { orderFrom } from "./task.ts";

const task = (...args: readonly string[]) => orderFrom(["--seed", "7", ...args], 0).task;

/** Eighty writes in each scenario; lives of processes have about as many. */
const plans: readonly FaultPlan[] = SCENARIOS.flatMap((scenario) =>
  scenario.faults.flatMap((fault) =>
    Array.from({ length: 80 }, (_, nth): FaultPlan => {
      const wanted = {
        snapshots: new Map(),
        counts: new Map(),
        broken: [],
        writes: [],
        recoveredAfter: undefined,
      };
      return { scenario, fault, at: { what: "hub PATCH", nth }, wanted: { ...wanted, stuck: undefined } };
    }),
  ),
);

test("the usual sample has every fault of every scenario, and ends 250 processes", () => {
  const chosen = plansFor(task(), plans);
  const kinds = new Set(chosen.map(({ scenario, fault }) => `${scenario.name} / ${fault.name}`));
  const wanted = SCENARIOS.flatMap(({ name, faults }) => faults.map((fault) => `${name} / ${fault.name}`));
  expect([...kinds].toSorted()).toEqual(wanted.toSorted());
  expect(chosen.length).toBe(1_005);
  const killed = chosen.filter((plan) => hasProcess(plan) && !plan.fault.sleeps);
  expect(killed.length).toBeGreaterThanOrEqual(250);
});

test("the same seed gives the same plans in the same order", () => {
  expect(plansFor(task(), plans)).toEqual(plansFor(task(), plans));
  expect(plansFor(task(), plans)).not.toEqual(plansFor(task("--seed", "8"), plans));
});

test("each of two shares of the lives has every scenario, and together they have every life", () => {
  const shares = ["1/2", "2/2"].map((share) => livesOf(SCENARIOS, task("--share", share)));
  for (const lives of shares)
    expect(new Set(lives.map(({ scenario }) => scenario.name)).size).toBe(SCENARIOS.length);
  const all = livesOf(SCENARIOS, task());
  expect(shares.flat().length).toBe(all.length);
});

test("who asks for one scenario learns no other", () => {
  const lives = livesOf(SCENARIOS, task("--only", "ConsentPolicy / 409"));
  expect(new Set(lives.map(({ scenario }) => scenario.name))).toEqual(new Set(["ConsentPolicy"]));
});

test("who asks for twelve of one name gets twelve, of processes too", () => {
  expect(plansFor(task("--only", "process / kill", "--plans", "12"), plans)).toHaveLength(12);
});
