import "reflect-metadata";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enumerate, type Learned } from "./enumeration.ts";
import { wholeLife } from "./lives.ts";
import { nameOf, play } from "./play.ts";
import { openPlayhouse } from "./playhouse.ts";
import { PLANTED } from "./planted.ts";
import { partnerScenario } from "./scenario/partner.ts";
import { verdictOf } from "./verdict.ts";

let house: Awaited<ReturnType<typeof openPlayhouse>>;
let learned: Learned;

beforeAll(async () => {
  house = await openPlayhouse();
  const run = await play(house, partnerScenario, undefined);
  expect([run.stuck, run.broken]).toEqual([undefined, []]);
  learned = { ...wholeLife(partnerScenario), run };
});
afterAll(() => house?.close());

test("ten mistakes and more are planted", () => {
  expect(PLANTED.length).toBeGreaterThanOrEqual(10);
});

// Each plays in a corner of its own, and mostly waits.
test.concurrent.each(PLANTED)(
  "the harness catches a program that $name",
  async ({ variant, shownBy }) => {
    // What it does when nothing goes wrong is right, or looks so: the fault alone makes the difference.
    const undisturbed = await play(house, partnerScenario, undefined, variant());
    expect([undisturbed.stuck, undisturbed.broken]).toEqual([undefined, []]);
    const plans = enumerate(learned).filter(
      ({ fault, at }) => fault.name === shownBy.fault && shownBy.at.test(at.what),
    );
    for (const plan of plans.slice(0, 8)) {
      const run = await play(house, partnerScenario, plan, variant(), 8_000);
      if (verdictOf(plan, run).outcome === "failed") return;
    }
    expect.fail(`nothing was noticed by ${plans.slice(0, 8).map(nameOf).join("; ")}`);
  },
  // Two other files are at work beside it.
  400_000,
);
