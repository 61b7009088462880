import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { PartnerObject } from "../../crds/resources.ts";
import { PAYLOAD_KEY, type Shard } from "../../crds/shard.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { ConfigMap } from "../../kube/resources.ts";
import { requestPem } from "../csr/testing/requests.ts";
import type { RiskScore } from "../ports/risk-scores.ts";
import { rosterFor } from "../roster/roster.ts";
import { testPartner } from "../testing/partner.ts";
import { CALM_MS, calmAfter, limitAt, type Risk, riskOf, shareFor, SUSPEND_FROM } from "./risk.ts";
import type { PartnerPlan } from "./plan.ts";
import { after, type Enrolment, enrolment } from "./testing/enrolment.ts";

const spec = { mode: "dynamic", minimumShare: 10 } as const;
const start = new Date("2026-11-22T18:00:00Z");
const at = (ms: number): Date => new Date(start.getTime() + ms);
const score = (value: number): RiskScore => ({ score: value, reason: "It tries tokens of others." });

/** The risk after scores at these times, ms after the start. */
function story(...events: readonly (readonly [ms: number, score: number | undefined])[]): Risk | undefined {
  return events.reduce<Risk | undefined>(
    (risk, [ms, value]) => riskOf(spec, risk, value === undefined ? undefined : score(value), at(ms)),
    undefined,
  );
}

describe("the share of a limit", () => {
  test.each([
    { score: 0, want: 100 },
    { score: 20, want: 100 },
    { score: 50, want: 55 },
    { score: 80, want: 10 },
    { score: 100, want: 10 },
  ])("is $want % at score $score", ({ score: value, want }) => {
    expect(shareFor(value, 10)).toBe(want);
  });

  test("falls at once", () => {
    expect(story([0, 0], [1, 80])).toMatchObject({ share: 10, score: 80, suspended: false });
  });

  test("comes back by a tenth for every ten calm minutes, and not before", () => {
    const fallen: [number, number] = [0, 80];
    expect(story(fallen, [1, 0], [CALM_MS, 0])?.share).toBe(10);
    expect(story(fallen, [1, 0], [CALM_MS + 1, 0])).toMatchObject({ share: 20, score: 0 });
    expect(story(fallen, [1, 0], [CALM_MS + 1, 0], [2 * CALM_MS, 0])?.share).toBe(20);
    const all = Array.from({ length: 10 }, (_, step): [number, number] => [1 + step * CALM_MS, 0]);
    expect(story(fallen, ...all)).toMatchObject({ share: 100 });
    expect(story(fallen, ...all)).not.toHaveProperty("calmSince");
  });

  test("waits anew when the calm is broken", () => {
    expect(story([0, 80], [1, 0], [CALM_MS - 1, 80], [CALM_MS, 0], [CALM_MS + 2, 0])?.share).toBe(10);
  });

  test("stays as it is while nobody knows a score", () => {
    expect(story([0, 50], [1, undefined], [10 * CALM_MS, undefined])?.share).toBe(55);
    expect(story([0, undefined])).toBeUndefined();
  });

  test("is all of it, at once, when a person switches risk off", () => {
    expect(riskOf({ ...spec, mode: "off" }, story([0, 95]), score(95), at(1))).toBeUndefined();
  });
});

describe("a suspension by risk", () => {
  test("comes at a score of 90, at once", () => {
    expect(story([0, 89])?.suspended).toBe(false);
    expect(story([0, 0], [1, 90])).toMatchObject({ suspended: true, share: 10 });
  });

  test("goes when the score has stayed well below for ten minutes, to the smallest share first", () => {
    expect(story([0, 90], [1, 75], [2 * CALM_MS, 75])?.suspended).toBe(true);
    expect(story([0, 90], [1, 60], [CALM_MS, 60])?.suspended).toBe(true);
    expect(story([0, 90], [1, 60], [CALM_MS + 1, 60])).toMatchObject({ suspended: false, share: 10 });
  });
});

test("whatever the scores: never above what the score allows without calm, never below the floor, and it says when", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3 * CALM_MS }), fc.integer({ min: 0, max: 100 })),
  );
  const holds = fc.property(steps, fc.integer({ min: 1, max: 100 }), (list, minimumShare) => {
    let risk: Risk | undefined;
    let now = start;
    for (const [ms, value] of list) {
      now = new Date(now.getTime() + ms);
      const before = risk;
      risk = riskOf({ mode: "dynamic", minimumShare }, before, score(value), now);
      if (!risk) return false;
      const inBounds = risk.share >= minimumShare && risk.share <= 100;
      const climbs = risk.share - (before?.share ?? 100);
      const refused = value < SUSPEND_FROM || risk.suspended;
      const fits = risk.suspended || risk.share <= Math.max(shareFor(value, minimumShare), minimumShare);
      // Whoever has less than the score allows is told when there will be more.
      const waits =
        risk.suspended || risk.share === shareFor(value, minimumShare) || calmAfter(risk, now) !== undefined;
      if (!inBounds || climbs > 10 || !refused || !fits || !waits) return false;
    }
    return true;
  });
  expect(() => fc.assert(holds)).not.toThrow();
});

test("a share of a limit keeps the limit's own rules", () => {
  const limit = { requestsPerSecond: 3, burst: 4, maxConcurrent: 2 };
  const risk = { score: 80, share: 10, suspended: false, reason: "", since: "" };
  expect(limitAt(limit, risk)).toEqual({ requestsPerSecond: 1, burst: 1, maxConcurrent: 1 });
  expect(limitAt(limit, undefined)).toEqual(limit);
});

describe("a Partner of changing risk", () => {
  let bank: Enrolment;
  let acme: PartnerObject;

  beforeAll(async () => {
    bank = await enrolment();
    acme = testPartner(await requestPem(), { risk: spec });
  });

  const shardIn = ({ objects }: PartnerPlan): Shard =>
    JSON.parse((objects[0]?.object as ConfigMap | undefined)?.data?.[PAYLOAD_KEY] ?? "") as Shard;

  test("is served its share, and says why and how it comes back", () => {
    const made = bank.plan(acme, { risk: score(50) });
    expect(shardIn(made).limit).toEqual({ requestsPerSecond: 110, burst: 220, maxConcurrent: 27 });
    expect(made.status.effectiveLimit).toBe("110/s (55 % at risk 50)");
    expect(conditionOf(made.status.conditions, "RiskNormal")).toMatchObject({
      status: "False",
      reason: "RiskElevated",
      message: `Since ${start.toISOString()} 55 % of its limit applies, for a risk score of 50. It tries tokens of others. It comes back by itself, a tenth for every 10 calm minutes; spec.risk.mode: off ends it at once.`,
    });
  });

  test("that is feared too much is suspended in the roster", () => {
    const made = bank.plan(acme, { risk: score(95) });
    const world = { group: "ke", partners: [after(acme, made)], previous: undefined, servers: [] };
    expect(rosterFor(world, start).partners).toMatchObject([{ suspended: true }]);
    expect(conditionOf(made.status.conditions, "Ready")?.reason).toBe("Suspended");
    expect(conditionOf(made.status.conditions, "RiskNormal")?.reason).toBe("RiskHigh");
  });

  test("that says nothing of risk has its limit, whatever the score", () => {
    const made = bank.plan(testPartner(acme.spec.certificates[0]?.csr ?? ""), { risk: score(95) });
    expect(shardIn(made).limit.requestsPerSecond).toBe(200);
    expect(made.status).not.toHaveProperty("risk");
  });
});
