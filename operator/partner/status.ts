import type { PartnerStatus } from "../../crds/partner-status.ts";
import type { PlannedStatus } from "../../kube/plan.ts";
import type { CertificateState } from "./certificates.ts";
import { nextNotice } from "./expiry.ts";
import type { Findings, PartnerCondition } from "./conditions.ts";

/** What a Partner's plan says in status; the driver adds the rest. */
export type PlannedPartnerStatus = PlannedStatus &
  Omit<PartnerStatus, "conditions" | "observedGeneration" | "inventory" | "history">;

/** What no watch tells, such as a pod that dies without a word, is looked at again after this long, in ms. */
export const LOOK_AGAIN = 10_000;

/** Status of a Partner that lives. */
export function partnerStatus(
  clientId: string,
  { certificates, servings, limit }: Findings,
  conditions: readonly PartnerCondition[],
  now: Date,
): PlannedPartnerStatus {
  const ends = liveEnds(certificates, now);
  const served = servings.filter(({ reason }) => reason === undefined).length;
  return {
    conditions,
    clientId,
    certificates: certificates.map(({ status }) => status),
    ...(ends[0] === undefined ? {} : { certificateExpires: ends[0] }),
    groups: servings.map(({ status }) => status),
    effectiveLimit: limit,
    summary: summaryOf(conditions),
    servedGroups: `${served}/${servings.length}`,
  };
}

/** One word for the column: what is wrong if something is, else Live. */
function summaryOf(conditions: readonly PartnerCondition[]): string {
  const ready = conditions.find(({ type }) => type === "Ready");
  const alone = conditions.find(({ type, status }) => type === "Reviewed" && status === "False");
  return (ready?.status === "True" ? alone?.reason : undefined) ?? ready?.reason ?? "Unknown";
}

/** Milliseconds until time alone changes something: an expiry, or, while something is awaited, a look at the pods. */
export function recheckAfter(
  certificates: readonly CertificateState[],
  conditions: readonly PartnerCondition[],
  now: Date,
): number | undefined {
  const times = certificates.flatMap(({ status: { notAfter, previous } }) => {
    const end =
      notAfter === undefined ? [] : [Date.parse(notAfter) - now.getTime(), nextNotice(notAfter, now)];
    const last = previous && Date.parse(previous.retires ?? previous.notAfter) - now.getTime();
    return [...end, last].filter((each) => each !== undefined && each > 0);
  });
  const waits = conditions.some(
    ({ type, status }) => (type === "Served" || type === "Suspended") && status !== "True",
  );
  const soonest = Math.min(...(times as number[]), waits ? LOOK_AGAIN : Number.POSITIVE_INFINITY);
  return Number.isFinite(soonest) ? soonest : undefined;
}

/** When the live certificates end, soonest first. All are ISO texts of one form, so they sort as texts. */
function liveEnds(certificates: readonly CertificateState[], now: Date): readonly string[] {
  return certificates
    .flatMap(({ status }) => (status.pem !== undefined && status.notAfter ? [status.notAfter] : []))
    .filter((end) => Date.parse(end) > now.getTime())
    .toSorted();
}
