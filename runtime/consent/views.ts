import type { ConsentKind, ConsentState } from "../service/consent-snapshot.ts";
import { isPayment } from "./consent.ts";
import type { Ending } from "./states.ts";

/**
 * A state in the codes of Open Banking UK 4.0. The consent of a payment is only ever waiting, authorised, consumed or
 * rejected there; why it was rejected stands in the reason beside it.
 */
export function obukStatus(kind: ConsentKind, state: ConsentState): ConsentState {
  return isPayment(kind) && (state === "CANC" || state === "EXPD") ? "RJCT" : state;
}

const V3 = {
  AWUP: "AwaitingUpload",
  AWAU: "AwaitingAuthorisation",
  AUTH: "Authorised",
  COND: "Consumed",
  RJCT: "Rejected",
  CANC: "Revoked",
  EXPD: "Expired",
} as const satisfies Record<ConsentState, string>;

/** A state in the words of Open Banking UK 3. */
export function obuk3Status(kind: ConsentKind, state: ConsentState): (typeof V3)[ConsentState] {
  return V3[obukStatus(kind, state)];
}

/** States of a consent in the Berlin Group's framework (NextGenPSD2 1.3, `consentStatus`). */
export type BerlinGroupStatus =
  | "received"
  | "valid"
  | "rejected"
  | "expired"
  | "revokedByPsu"
  | "terminatedByTpp";

/** A state in the words of the Berlin Group. One that is used up by its payment has ended for it as any other. */
export function berlinGroupStatus(state: ConsentState, endedBy: Ending | undefined): BerlinGroupStatus {
  switch (state) {
    case "AWUP":
    case "AWAU":
      return "received";
    case "AUTH":
      return "valid";
    case "RJCT":
      return "rejected";
    case "COND":
    case "EXPD":
      return "expired";
    case "CANC":
      return endedBy === "delete" ? "terminatedByTpp" : "revokedByPsu";
  }
}
