import fc from "fast-check";
import { expect, test } from "vitest";
import type { ListedPartner } from "../service/shards.ts";
import { ACME, aShard } from "../service/testing/signed.ts";
import { createAdmission } from "./admission.ts";
import { localLimiter } from "./limiter.ts";
import { admit, FULL, type Bucket } from "./rate-limit.ts";

/** The case in which a property does not hold; null when none was found. */
const exception = <T>(property: fc.IProperty<T>, parameters: fc.Parameters<T> = {}): T | null =>
  fc.check(property, parameters).counterexample;

const limit = fc.record({
  requestsPerSecond: fc.double({ min: 0.1, max: 5_000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 1_000 }),
});

/** Times at which requests were admitted. */
function admissions(times: readonly number[], { requestsPerSecond = 1, burst = 1 }): number[] {
  let bucket: Bucket = FULL;
  return times.filter((time) => {
    const asked = admit(bucket, { requestsPerSecond, burst }, time);
    bucket = asked.bucket;
    return asked.admitted;
  });
}

test("in no span of time more is admitted than burst and refill allow", () => {
  const gaps = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 200 });
  expect(
    exception(
      fc.property(limit, gaps, (bucketLimit, waits) => {
        let time = 0;
        const admitted = admissions(
          waits.map((wait) => (time += wait)),
          bucketLimit,
        );
        for (let from = 0; from < admitted.length; from += 1) {
          for (let to = from; to < admitted.length; to += 1) {
            const seconds = ((admitted[to] ?? 0) - (admitted[from] ?? 0)) / 1000;
            const most = bucketLimit.burst + bucketLimit.requestsPerSecond * seconds;
            if (to - from + 1 > most + 1e-6) return false;
          }
        }
        return true;
      }),
      { numRuns: 60 },
    ),
  ).toBeNull();
});

test("whoever keeps to the rate never waits", () => {
  expect(
    exception(
      fc.property(limit, fc.double({ min: 1.0001, max: 3, noNaN: true }), (bucketLimit, slack) => {
        const gap = (1000 / bucketLimit.requestsPerSecond) * slack;
        const times = Array.from({ length: 100 }, (_, n) => n * gap);
        return admissions(times, bucketLimit).length === times.length;
      }),
    ),
  ).toBeNull();
});

test("a rested partner has its whole burst at once, and no more", () => {
  expect(
    exception(
      fc.property(limit, fc.integer({ min: 1, max: 20 }), (bucketLimit, more) => {
        const times = Array.from({ length: bucketLimit.burst + more }, () => 1_000_000);
        return admissions(times, { ...bucketLimit, requestsPerSecond: 1 }).length === bucketLimit.burst;
      }),
    ),
  ).toBeNull();
});

test("after the wait it was told a refused request is admitted", () => {
  expect(
    exception(
      fc.property(limit, (bucketLimit) => {
        let bucket: Bucket = FULL;
        for (;;) {
          const asked = admit(bucket, bucketLimit, 5);
          if (!asked.admitted) return admit(bucket, bucketLimit, 5 + asked.waitMs + 1e-3).admitted;
          bucket = asked.bucket;
        }
      }),
    ),
  ).toBeNull();
});

const partner = (fields: { burst?: number; maxConcurrent?: number }, clientId = ACME): ListedPartner => ({
  clientId,
  shard: aShard({ limit: { requestsPerSecond: 1, burst: 2, maxConcurrent: 10, ...fields } }),
  suspended: false,
  certificates: new Map(),
});

test("a partner over its limit is told how long to wait, in whole seconds, and nobody else is", () => {
  const admission = createAdmission(localLimiter(() => 0));
  expect(admission.enter(partner({}))).toEqual({ entered: true });
  expect(admission.enter(partner({}))).toEqual({ entered: true });
  expect(admission.enter(partner({}))).toEqual({ entered: false, refusal: "RateLimited", retryAfter: 1 });
  expect(admission.enter(partner({}, "ptn-00000000000000bb"))).toEqual({ entered: true });
  expect(admission.underWay).toBe(3);
});

test("calls under way count until they are over, and a refused one does not", () => {
  const admission = createAdmission(localLimiter(() => 0));
  const busy = partner({ burst: 100, maxConcurrent: 1 });
  expect(admission.enter(busy)).toEqual({ entered: true });
  expect(admission.enter(busy)).toEqual({ entered: false, refusal: "TooManyConcurrent", retryAfter: 1 });
  admission.leave(busy.clientId);
  expect(admission.enter(busy)).toEqual({ entered: true });
  expect(admission.underWay).toBe(1);
});

test("a limit that is lowered counts from the next request on", () => {
  const limiter = localLimiter(() => 0);
  for (let n = 0; n < 5; n += 1) void limiter.take(ACME, { requestsPerSecond: 1, burst: 100 });
  expect(limiter.take(ACME, { requestsPerSecond: 1, burst: 2 })).toMatchObject({ within: false });
});
