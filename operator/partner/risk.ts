import type { PartnerSpec } from "../../crds/partner.ts";
import type { PartnerStatus } from "../../crds/partner-status.ts";
import type { RiskScore } from "../ports/risk-scores.ts";

/** How risk bounds a Partner, as status remembers it between looks. */
export type Risk = NonNullable<PartnerStatus["risk"]>;

/** Up to this score a partner has its whole limit. */
export const CALM_UP_TO = 20;

/** From this score on it has its smallest share. */
const SMALLEST_FROM = 80;

/** From this score on it is suspended. */
export const SUSPEND_FROM = 90;

/** Below this score a suspension by risk begins to end: far enough below the other that nobody flaps. */
const RELEASE_BELOW = 70;

/** Calm has to last so long for each step up, in ms. */
export const CALM_MS = 600_000;

/** Percentage points of the limit that come back with each step. */
const STEP = 10;

/** A score that moves by less is not worth a write. */
const WORTH = 5;

/** Share of the limit for a score, in percent: all of it while calm, then falling evenly to the smallest. */
export function shareFor(score: number, smallest: number): number {
  if (score <= CALM_UP_TO) return 100;
  const fallen = (Math.min(score, SMALLEST_FROM) - CALM_UP_TO) / (SMALLEST_FROM - CALM_UP_TO);
  return Math.round(100 - fallen * (100 - smallest));
}

/**
 * How risk bounds a Partner now: down at once, up slowly, never below the smallest share, and not at all from
 * {@link SUSPEND_FROM} on.
 *
 * @param seen the newest score; undefined while nobody knows one, which changes nothing.
 */
export function riskOf(
  spec: PartnerSpec["risk"],
  before: Risk | undefined,
  seen: RiskScore | undefined,
  now: Date,
): Risk | undefined {
  if (spec?.mode !== "dynamic") return undefined;
  if (!seen) return before;
  const { minimumShare } = spec;
  const at = now.toISOString();
  const last: Risk = before ?? { score: 0, share: 100, suspended: false, reason: "", since: at };
  const share = Math.max(last.share, minimumShare);
  const target = shareFor(seen.score, minimumShare);
  const changed = (change: Partial<Risk>): Risk => {
    const { calmSince: _calm, ...rest } = last;
    return { ...rest, share, score: seen.score, reason: seen.reason, since: at, ...change };
  };
  if (seen.score >= SUSPEND_FROM)
    return last.suspended ? settled(last, seen) : changed({ share: minimumShare, suspended: true });
  if (target < share && !last.suspended) return changed({ share: target });
  const better = last.suspended ? seen.score < RELEASE_BELOW : target > share;
  if (!better) return settled(share === last.share ? last : { ...last, share }, seen);
  if (last.calmSince === undefined) return { ...last, share, calmSince: at };
  if (now.getTime() - Date.parse(last.calmSince) < CALM_MS) return last;
  const next = last.suspended
    ? changed({ suspended: false, share: minimumShare })
    : changed({ share: Math.min(target, share + STEP) });
  return next.share < target ? { ...next, calmSince: at } : next;
}

/** Milliseconds until calm alone gives something back; undefined while nothing is due. */
export function calmAfter(risk: Risk | undefined, now: Date): number | undefined {
  return risk?.calmSince === undefined
    ? undefined
    : Math.max(0, Date.parse(risk.calmSince) + CALM_MS - now.getTime());
}

/** The limit that applies at a share of it; one request always gets through. */
export function limitAt(limit: PartnerSpec["rateLimit"], risk: Risk | undefined): PartnerSpec["rateLimit"] {
  const part = (whole: number): number => Math.max(1, Math.floor((whole * (risk?.share ?? 100)) / 100));
  const requestsPerSecond = part(limit.requestsPerSecond);
  return {
    requestsPerSecond,
    burst: Math.max(requestsPerSecond, part(limit.burst)),
    maxConcurrent: part(limit.maxConcurrent),
  };
}

/** Nothing changes but, now and then, the score that is shown; what was calm is so no more. */
function settled({ calmSince: _calm, ...last }: Risk, { score, reason }: RiskScore): Risk {
  return Math.abs(score - last.score) < WORTH ? last : { ...last, score, reason };
}
