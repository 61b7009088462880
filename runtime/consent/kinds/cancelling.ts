import { Type } from "typebox";
import { CANCELLATION } from "../../service/consent-snapshot.ts";
import { defineKind, type KindRules } from "./kind.ts";
import { exact, text } from "./shapes.ts";

/** How long the customer has to agree, in ms: as long as for a payment. */
const CANCELLING_MS = 86_400_000;

/** Consents to cancel a payment that the customer had authorised, and of which something has not left yet. */
export const CANCELLING: KindRules = defineKind({
  kind: CANCELLATION,
  // No address of Open Banking UK, which knows no cancellation: berlin-group/cancellation-routes.ts.
  path: "",
  prefix: "pcc",
  role: "PISP",
  idempotent: true,
  deletable: false,
  // The consent to the payment, and what she agreed to there, word for word.
  schema: exact({ Data: exact({ Cancels: text(128), Initiation: Type.Object({}) }) }),
  checks: [],
  expiresAt: (_data, { now }) => new Date(now.getTime() + CANCELLING_MS),
});
