import fc from "fast-check";
import { expect, test } from "vitest";
import { createLog } from "../service/logger.ts";
import type { AskForLease } from "./lease.ts";
import { createLimiter, LIFE_MS, type Limiter } from "./limiter.ts";
import type { BucketLimit } from "./rate-limit.ts";

const log = createLog("test", { level: "silent" });

/** Gateways that share one bucket, which refills by their clock. */
function gateways(count: number) {
  let now = 0;
  let full = 0;
  let away = false;
  const ask: AskForLease = async (_client, { requestsPerSecond, burst }, wanted) => {
    if (away) throw new Error("The bucket cannot be reached.");
    const each = 1000 / requestsPerSecond;
    full = Math.max(now, full);
    const room = burst * each - (full - now);
    const granted = Math.max(0, Math.min(Math.floor(room / each + 1e-6), wanted));
    full += granted * each;
    const left = Math.floor(room / each + 1e-6) - granted;
    return { granted, waitMs: granted === 0 ? each - room : 0, left, gateways: count };
  };
  const all = Array.from({ length: count }, () => createLimiter({ ask, clock: () => now, log }));
  return {
    all,
    now: () => now,
    pass: (ms: number) => void (now += ms),
    lose: () => void (away = true),
  };
}

async function admitted(gateway: Limiter | undefined, limit: BucketLimit): Promise<boolean> {
  return (await gateway?.take("acme", limit))?.within ?? false;
}

/** The most requests by which any span of time goes over the limit. */
function overshoot(times: readonly number[], { requestsPerSecond, burst }: BucketLimit): number {
  const over = times.flatMap((from, first) =>
    times.slice(first).map((to, more) => more + 1 - (burst + (requestsPerSecond * (to - from)) / 1000)),
  );
  return Math.max(0, ...over);
}

const limits = fc.record({
  requestsPerSecond: fc.integer({ min: 1, max: 60 }),
  burst: fc.integer({ min: 1, max: 64 }),
});
/** Some calls at once to each of some gateways, then a pause: so leases grow, and are hoarded. */
const rounds = fc.array(
  fc.record({
    first: fc.nat(7),
    gateways: fc.integer({ min: 1, max: 8 }),
    calls: fc.integer({ min: 1, max: 9 }),
    pauseMs: fc.constantFrom(0, 5, 60, 400, 700, 2_000),
  }),
  { maxLength: 12 },
);

test("however calls fall on gateways, together they overshoot by half a second's rate at most", async () => {
  const count = 8;
  const property = fc.asyncProperty(limits, rounds, async (limit, plan) => {
    const { all, now, pass } = gateways(count);
    const times: number[] = [];
    for (const { first, gateways: some, calls, pauseMs } of plan) {
      for (let each = 0; each < some * calls; each += 1) {
        if (await admitted(all[(first + (each % some)) % count], limit)) times.push(now());
      }
      pass(pauseMs);
    }
    expect(overshoot(times, limit)).toBeLessThanOrEqual((limit.requestsPerSecond * LIFE_MS) / 1000 + 1e-6);
  });
  await fc.assert(property, { numRuns: 300 });
});

test.each([1, 2, 4, 8])(
  "a partner just below its limit is never refused, spread over %i gateways",
  async (count) => {
    const limit = { requestsPerSecond: 200, burst: 100 };
    const { all, pass } = gateways(count);
    let refused = 0;
    for (let call = 0; call < 4_000; call += 1) {
      pass(1000 / (limit.requestsPerSecond * 0.95));
      if (!(await admitted(all[call % count], limit))) refused += 1;
    }
    expect(refused).toBe(0);
  },
);

test("a partner with one connection has its whole rate at that gateway", async () => {
  const limit = { requestsPerSecond: 200, burst: 20 };
  const { all, pass } = gateways(8);
  let entered = 0;
  for (let ms = 0; ms < 10_000; ms += 1) {
    pass(1);
    if (await admitted(all[0], limit)) entered += 1;
  }
  expect(entered).toBeGreaterThanOrEqual(1_990);
  expect(entered).toBeLessThanOrEqual(2_020);
});

test("a busy partner gets no second burst when the shared bucket is lost, only each gateway's part of the rate", async () => {
  const limit = { requestsPerSecond: 100, burst: 400 };
  const { all, pass, lose } = gateways(2);
  const second = async (): Promise<number> => {
    let entered = 0;
    for (let ms = 0; ms < 1_000; ms += 1) {
      pass(1);
      if (await admitted(all[ms % 2], limit)) entered += 1;
    }
    return entered;
  };
  await second();
  await second();
  expect(await second()).toBeLessThanOrEqual(101);
  lose();
  // Its part, and what each gateway holds of its last lease: 150 ms of the rate.
  expect(await second()).toBeLessThanOrEqual(100 + 2 * 15);
  expect(await second()).toBeGreaterThanOrEqual(95);
});
