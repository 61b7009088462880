import { expect, test } from "vitest";
import { createLog } from "./logger.ts";
import { Worker } from "./worker.ts";

const log = createLog("test", { level: "silent" });
const HOUR_MS = 3_600_000;

/** A worker whose work is told turn by turn. */
function counted(results: readonly (boolean | Error)[], everyMs: number) {
  let turns = 0;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const worker = new Worker({
    name: "test",
    everyMs,
    log,
    work: async () => {
      const result = results[turns] ?? false;
      turns += 1;
      if (turns === results.length) resolve();
      if (result instanceof Error) throw result;
      return result;
    },
  });
  return { worker, done, turns: () => turns };
}

test("it goes on at once while there is more", async () => {
  const { worker, done, turns } = counted([true, true, true], HOUR_MS);
  await done;
  await worker.stop();
  expect(turns()).toBeGreaterThanOrEqual(3);
});

test("a wake ends its rest, and one that comes while it works leaves out the next", async () => {
  const { worker, done, turns } = counted([false, false], HOUR_MS);
  worker.wake();
  await done;
  await worker.stop();
  expect(turns()).toBe(2);
});

test("what was not done once yet is no success", async () => {
  const { promise: work, resolve } = Promise.withResolvers<boolean>();
  const worker = new Worker({ name: "test", everyMs: HOUR_MS, log, work: () => work });
  expect(worker.problem()).toBe("not done once yet");
  resolve(false);
  await worker.stop();
  expect(worker.problem()).toBeUndefined();
});

test("a failure is its problem until it succeeds", async () => {
  const { worker, done } = counted([new Error("no database"), false], 1);
  await Promise.resolve();
  expect(worker.problem()).toBe("failed 1 times in a row");
  await done;
  await worker.stop();
  expect(worker.problem()).toBeUndefined();
});
