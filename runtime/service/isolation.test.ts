import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALONE_MS, type Isolation, watchIsolation } from "./isolation.ts";
import { createLog } from "./logger.ts";
import { ROSTER_PATIENCE_MS } from "./shards.ts";

const log = createLog("test", { level: "silent" });
const EVERY = 2_000;

/** An isolation watch, with its clock and roster in hand. The hub's clock is far ahead. */
function world() {
  let now = 1_000;
  let roster = 1;
  const isolation: Isolation = watchIsolation({ clock: () => now, rosterVersion: () => roster, log });
  return {
    isolation,
    pass: (ms: number) => void (now += ms),
    take: (version: number) => void (roster = version),
    /** A word arrives that the hub said so long ago. */
    word: (ageMs = 5, rosterVersion = roster, holder = "one") =>
      isolation.hear({ holder, saidAt: 1_000_000_000 + now - ageMs, rosterVersion }),
  };
}

/** One that heard the hub, and then nothing for long. */
function cutOff() {
  const made = world();
  made.word();
  made.pass(60_000);
  return made;
}

test("while the hub speaks, no call waits, however rare calls are", () => {
  const { isolation, pass, word } = world();
  for (let times = 0; times < 100; times += 1) {
    word();
    pass(EVERY);
  }
  expect(isolation.called()).toBe(false);
});

test("while calls come, none waits, however long the hub is silent", () => {
  const { isolation, pass, word } = world();
  word();
  const waited = Array.from({ length: 1_000 }, () => {
    pass(ALONE_MS);
    return isolation.called();
  });
  expect(waited).not.toContain(true);
});

test("a process that never heard a hub waits for none", () => {
  const { isolation, pass } = world();
  pass(3_600_000);
  expect(isolation.called()).toBe(false);
});

describe("after a time in which nothing came from outside", () => {
  test("the first call waits for the hub's next word", () => {
    const { isolation, pass, word } = cutOff();
    expect(isolation.called()).toBe(true);
    pass(3_000);
    expect(isolation.waiting()).toBe(true);
    word();
    expect(isolation.waiting()).toBe(false);
  });

  test("a word about a roster that is not here yet is waited for until it is", () => {
    const { isolation, pass, take, word } = cutOff();
    isolation.called();
    pass(100);
    word(5, 2);
    expect(isolation.waiting()).toBe(true);
    take(2);
    expect(isolation.waiting()).toBe(false);
  });

  test("a word that was on its way all the time says nothing, before a call or after it", () => {
    const before = cutOff();
    before.word(59_000);
    expect(before.isolation.called()).toBe(true);
    const after = cutOff();
    after.isolation.called();
    after.word(59_000);
    expect(after.isolation.waiting()).toBe(true);
    after.pass(EVERY);
    after.word();
    expect(after.isolation.waiting()).toBe(false);
  });

  test("without a word calls go on after a while, and do not wait again in the same silence", () => {
    const { isolation, pass } = cutOff();
    expect(isolation.called()).toBe(true);
    pass(ROSTER_PATIENCE_MS);
    expect(isolation.waiting()).toBe(false);
    pass(3_600_000);
    expect(isolation.called()).toBe(false);
  });

  test("another leader's clock may be hours behind", () => {
    const { isolation, pass, word } = cutOff();
    isolation.called();
    pass(50);
    word(7_200_000, 1, "two");
    expect(isolation.waiting()).toBe(false);
  });
});

test("whatever happens, nobody waits longer than the patience, and a wait ends only by a word or then", () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
    fc.record({ kind: fc.constant("call" as const), ms: fc.constant(0) }),
    fc.record({ kind: fc.constant("word" as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
  );
  const property = fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    const { isolation, pass, word } = world();
    let waitedSince: number | undefined;
    let now = 0;
    return events.every(({ kind, ms }) => {
      const before = isolation.waiting();
      if (kind === "pass") {
        pass(ms);
        now += ms;
      } else if (kind === "call") isolation.called();
      else word(ms);
      const waits = isolation.waiting();
      if (waits && !before && kind !== "pass") waitedSince ??= now;
      const ended = before && !waits;
      const lasted = now - (waitedSince ?? now);
      if (!waits) waitedSince = undefined;
      return ended ? kind === "word" || lasted >= ROSTER_PATIENCE_MS : lasted <= ROSTER_PATIENCE_MS;
    });
  });
  expect(() => fc.assert(property)).not.toThrow();
});
