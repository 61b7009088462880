import { expect, test } from "vitest";
import { orderFrom } from "./task.ts";

const all = Number.POSITIVE_INFINITY;

test("who asks for nothing gets a sample of more than a thousand plans, 250 of them of processes, in twelve minutes", () => {
  const { task } = orderFrom([], 7);
  expect(task.plans).toBeGreaterThanOrEqual(1_000);
  expect(task.processes).toBeGreaterThanOrEqual(250);
  expect(task).toMatchObject({ minutes: 12, seed: 7, only: "", share: { index: 0, of: 1 } });
});

test("a long run plays everything, for as long as it takes or as it is given", () => {
  expect(orderFrom(["--long"], 7).task).toMatchObject({
    plans: all,
    processes: all,
    mistakes: all,
    minutes: all,
  });
  expect(orderFrom(["--long", "--minutes", "480"], 7).task.minutes).toBe(480);
});

test("who asks by name gets all of that name, or as many as were asked for", () => {
  expect(orderFrom(["--only", "409"], 7).task).toMatchObject({ plans: all, processes: all, minutes: 12 });
  expect(orderFrom(["--only", "409", "--plans", "3"], 7).task.plans).toBe(3);
});

test.each([
  ["--plans", "1k"],
  ["--minutes", ""],
  ["--harnesses", "0"],
  ["--at-once", "0"],
  ["--seed", "-1"],
])("%s %s is refused: nothing would be played, and nothing has no failures", (option, value) => {
  expect(() => orderFrom([`${option}=${value}`], 7)).toThrow("is no number");
});
