import { expect, test } from "vitest";
import { shortLives, wholeLife } from "./lives.ts";
import type { Scenario } from "./scenario/scenario.ts";

const phase = (name: string): Scenario["phases"][number] => ({
  name,
  change: () => Promise.resolve(),
  reached: () => true,
});
const scenario: Scenario = {
  name: "S",
  farewell: "goes",
  phases: ["appears", "changes", "moves", "goes", "comes again"].map(phase),
  faults: [],
  prepare: () => Promise.resolve(),
  start: () => Promise.reject(new Error("not started here")),
};

test("a short life has the phase after the one that is struck, and a farewell, once", () => {
  const told = shortLives(scenario).map((life) => life.scenario.phases.map(({ name }) => name).join(" "));
  expect(told).toEqual([
    "appears changes goes",
    "appears changes moves goes",
    "appears changes moves goes",
    "appears changes moves goes comes again",
    "appears changes moves goes comes again",
  ]);
});

test("a phase that follows an earlier one is reached without those between", () => {
  const phases = scenario.phases.map((each) =>
    each.name === "goes" || each.name === "moves" ? { ...each, follows: "appears" } : each,
  );
  const told = shortLives({ ...scenario, phases }).map((life) =>
    life.scenario.phases.map(({ name }) => name).join(" "),
  );
  expect(told).toEqual([
    "appears changes goes",
    "appears changes moves goes",
    "appears moves goes",
    "appears goes comes again",
    "appears goes comes again",
  ]);
});

test("every phase is struck in exactly one short life, and in the whole one", () => {
  const all = scenario.phases.map(({ name }) => name);
  expect(shortLives(scenario).flatMap(({ strikes }) => [...strikes])).toEqual(all);
  expect([...wholeLife(scenario).strikes]).toEqual(all);
});
