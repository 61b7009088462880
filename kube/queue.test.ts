import fc from "fast-check";
import { expect, test } from "vitest";

import { priority, WorkQueue } from "./queue.ts";
import { manualClock } from "./testing/manual-clock.ts";

const queueWith = () => {
  const clock = manualClock();
  return { clock, queue: new WorkQueue({ clock, random: () => 0 }) };
};

test("a key added twice is worked on once", async () => {
  const { queue } = queueWith();
  queue.add("a");
  queue.add("a");
  expect(await queue.take()).toBe("a");
  expect(queue.depth).toBe(0);
});

test("a key added while in work is worked on once more", async () => {
  const { queue } = queueWith();
  queue.add("a");
  await queue.take();
  queue.add("a");
  queue.add("a");
  expect(queue.depth).toBe(0);
  queue.done("a");
  expect(await queue.take()).toBe("a");
  queue.done("a");
  expect(queue.depth).toBe(0);
});

test("a person's change goes before a thousand resyncs, and a revocation before both", async () => {
  const { queue } = queueWith();
  for (let index = 0; index < 1000; index++) queue.add(`resync-${index}`, { priority: priority.resync });
  queue.add("change");
  queue.add("revocation", { priority: priority.safety });
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual([
    "revocation",
    "change",
    "resync-0",
  ]);
});

test("a taker kept for what is urgent takes nothing else, and only when nobody takes everything", async () => {
  const { queue } = queueWith();
  const kept = queue.take(priority.change);
  queue.add("change");
  expect(queue.depth).toBe(1);
  expect(await queue.take()).toBe("change");
  const ordinary = queue.take();
  queue.add("first", { priority: priority.created });
  expect(await ordinary).toBe("first");
  queue.add("second", { priority: priority.created });
  expect(await kept).toBe("second");
});

test("what failed keeps its place before ordinary changes", async () => {
  const { clock, queue } = queueWith();
  queue.add("revocation", { priority: priority.safety });
  await queue.take();
  queue.retry("revocation", { priority: priority.safety });
  queue.done("revocation");
  clock.pass(5);
  queue.add("change");
  clock.pass(5);
  expect(await queue.take()).toBe("revocation");
});

test("the higher priority wins, even for a key that is ready already", async () => {
  const { queue } = queueWith();
  queue.add("a", { priority: priority.resync });
  queue.add("b", { priority: priority.resync });
  queue.add("b");
  expect(await queue.take()).toBe("b");
});

test("the shorter delay wins", () => {
  const { clock, queue } = queueWith();
  queue.add("a", { afterMs: 5_000 });
  queue.add("a", { afterMs: 1_000 });
  queue.add("a", { afterMs: 9_000 });
  clock.pass(999);
  expect(queue.depth).toBe(0);
  clock.pass(1);
  expect(queue.depth).toBe(1);
  clock.pass(10_000);
  expect(queue.depth).toBe(1);
});

test("a key that fails waits twice as long each time, and two minutes at most", async () => {
  const { clock, queue } = queueWith();
  const waits: number[] = [];
  for (let failure = 0; failure < 20; failure++) {
    queue.add("poison");
    await queue.take();
    waits.push(queue.retry("poison"));
    queue.done("poison");
    clock.pass(120_000);
    await queue.take();
    queue.done("poison");
  }
  expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
  expect(Math.max(...waits)).toBe(120_000);
  queue.forget("poison");
  expect(queue.failures("poison")).toBe(0);
});

test("a key that always fails does not delay others", async () => {
  const { queue } = queueWith();
  queue.add("poison");
  await queue.take();
  queue.retry("poison");
  queue.done("poison");
  queue.add("good");
  expect(await queue.take()).toBe("good");
});

test("REL-14 a delay longer than Node's timers allow is kept", () => {
  const { clock, queue } = queueWith();
  const month = 31 * 24 * 3_600_000;
  queue.add("a", { afterMs: month });
  clock.pass(month - 1);
  expect(queue.depth).toBe(0);
  clock.pass(1);
  expect(queue.depth).toBe(1);
});

test("REL-13 a machine that slept through a delay works on the key within a minute", () => {
  const { clock, queue } = queueWith();
  queue.add("a", { afterMs: 3_600_000 });
  clock.pass(1_000);
  clock.suspend(7_200_000);
  clock.pass(60_000);
  expect(queue.depth).toBe(1);
});

test("a wall clock set back delays nothing", () => {
  const { clock, queue } = queueWith();
  queue.add("a", { afterMs: 3_600_000 });
  clock.jump(-86_400_000);
  clock.pass(3_600_000);
  expect(queue.depth).toBe(1);
});

test("a stopped queue lets its takers go", async () => {
  const { queue } = queueWith();
  const taken = queue.take();
  queue.stop();
  expect(await taken).toBeUndefined();
  expect(await queue.take()).toBeUndefined();
});

const step = fc.oneof(
  fc.record({
    do: fc.constant("add" as const),
    key: fc.integer({ min: 0, max: 4 }),
    level: fc.integer({ min: -1, max: 1 }),
  }),
  fc.record({
    do: fc.constant("later" as const),
    key: fc.integer({ min: 0, max: 4 }),
    ms: fc.integer({ min: 1, max: 500 }),
  }),
  fc.record({ do: fc.constant("work" as const) }),
  fc.record({ do: fc.constant("finish" as const) }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 300 }) }),
);

test("whatever happens, no key is lost and none is in work twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, queue } = queueWith();
      const owed = new Set<string>();
      const working: string[] = [];
      const take = async (): Promise<void> => {
        const key = await queue.take();
        expect(working).not.toContain(key);
        if (key === undefined) return;
        working.push(key);
        owed.delete(key);
      };
      for (const each of steps) {
        switch (each.do) {
          case "add":
            queue.add(String(each.key), { priority: each.level });
            owed.add(String(each.key));
            break;
          case "later":
            queue.add(String(each.key), { afterMs: each.ms });
            owed.add(String(each.key));
            break;
          case "work":
            if (queue.depth > 0) await take();
            break;
          case "finish":
            queue.done(working.shift() ?? "");
            break;
          case "pass":
            clock.pass(each.ms);
            break;
        }
      }
      for (let round = 0; round < 3; round++) {
        for (const key of working.splice(0)) queue.done(key);
        clock.pass(1_000);
        while (queue.depth > 0) await take();
      }
      expect([...owed]).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
