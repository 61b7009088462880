import { approvedHashOf, type CertificateStatus } from "./certificate-status.ts";
import type { CertificateState } from "./certificates.ts";
import type { Serving } from "./serving.ts";

/** The certificate before one that has come since. */
export type Predecessor = NonNullable<CertificateStatus["previous"]>;

/** So long the old certificate is accepted after every stack was seen to serve the new one, in ms: a week. */
export const OVERLAP_MS = 604_800_000;

/**
 * Renewal is asked for from a third of a certificate's life on: two thirds are left for what may go wrong. Undefined where
 * status does not say when that life began and ends.
 */
export function renewableFrom({ notBefore = "", notAfter = "" }: CertificateStatus): Date | undefined {
  const [from, until] = [Date.parse(notBefore), Date.parse(notAfter)];
  const third = new Date(from + (until - from) / 3);
  return Number.isNaN(third.getTime()) ? undefined : third;
}

/** The certificate in status as the predecessor of the one that has just been issued. */
export function predecessorOf(status: CertificateStatus, now: Date): Predecessor | undefined {
  const { serial, thumbprint, notAfter, pem, enrolled } = status;
  const csrHash = approvedHashOf(status);
  const known =
    csrHash !== undefined && serial !== undefined && thumbprint !== undefined && notAfter !== undefined;
  const previous = known
    ? {
        csrHash,
        serial,
        thumbprint,
        notAfter,
        ...(pem === undefined ? {} : { pem }),
        ...(enrolled ? { lineage: enrolled.lineage } : {}),
      }
    : undefined;
  return previous && isAccepted(previous, now) ? previous : undefined;
}

/** Whether a predecessor is accepted still: it has neither expired nor retired. */
export function isAccepted({ notAfter, retires }: Predecessor, now: Date): boolean {
  return Date.parse(retires ?? notAfter) > now.getTime() && Date.parse(notAfter) > now.getTime();
}

/**
 * Certificates whose predecessors retire a week from now, once no stack is left that does not serve the successor.
 *
 * The order is the safety argument: nothing that may be in use is dropped before its successor was seen in every pod.
 */
export function withRetirement(
  states: readonly CertificateState[],
  servings: readonly Serving[],
  now: Date,
): readonly CertificateState[] {
  const proven = servings.length > 0 && servings.every(({ reason }) => reason === undefined);
  if (!proven) return states;
  return states.map((state) => {
    const { previous } = state.status;
    if (!previous || previous.retires !== undefined) return state;
    const retires = new Date(
      Math.min(now.getTime() + OVERLAP_MS, Date.parse(previous.notAfter)),
    ).toISOString();
    return { ...state, status: { ...state.status, previous: { ...previous, retires } } };
  });
}
