import type { PartnerReason } from "../../crds/partner-status.ts";
import type { CertificateState } from "./certificates.ts";
import type { Currency } from "./conditions.ts";
import { renewableFrom } from "./overlap.ts";

const DAY_MS = 86_400_000;

/** When a partner is told that a certificate ends, in days before it does. Soonest first. */
export const NOTICES = [1, 7, 14, 30] as const;
export type Notice = (typeof NOTICES)[number];

const REASONS: Readonly<Record<Notice, PartnerReason>> = {
  1: "ExpiresWithin1Day",
  7: "ExpiresWithin7Days",
  14: "ExpiresWithin14Days",
  30: "ExpiresWithin30Days",
};

/** The most urgent notice that is due for a certificate ending then; undefined before the first. */
export function noticeFor(notAfter: string, now: Date): Notice | undefined {
  const left = Date.parse(notAfter) - now.getTime();
  return NOTICES.find((days) => left <= days * DAY_MS);
}

/** Milliseconds until the next notice for a certificate is due; undefined after the last. */
export function nextNotice(notAfter: string, now: Date): number | undefined {
  const end = Date.parse(notAfter);
  const due = NOTICES.map((days) => end - days * DAY_MS - now.getTime()).filter((ms) => ms > 0);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Whether renewal is due, for the condition `CertificateCurrent`; its reason changes with every notice. */
export function currency(states: readonly CertificateState[], now: Date): Currency | undefined {
  const live = states.flatMap(({ status }) => (status.pem !== undefined && status.notAfter ? [status] : []));
  const [soonest] = live.toSorted((a, b) => ((a.notAfter ?? "") < (b.notAfter ?? "") ? -1 : 1));
  if (soonest?.notAfter === undefined) return undefined;
  const { name, notAfter } = soonest;
  const renew = `put a CSR of a new key under the name ${name} into spec.certificates; both certificates are accepted while you change over`;
  const notice = noticeFor(notAfter, now);
  if (notice === undefined) {
    const from = renewableFrom(soonest)?.toISOString() ?? "a third of its life";
    return {
      current: true,
      reason: "Current",
      message: `Certificate ${name} is to be renewed from ${from} on: ${renew}.`,
    };
  }
  const ended = Date.parse(notAfter) <= now.getTime();
  const message = `Certificate ${name} ${ended ? "ended" : "ends"} at ${notAfter}: ${renew}.`;
  return { current: false, reason: ended ? "CertificateExpired" : REASONS[notice], message };
}
