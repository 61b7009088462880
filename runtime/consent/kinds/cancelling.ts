import { Type } from "typebox";
import { CANCELLATION } from "../../service/consent-snapshot.ts";
import { defineKind, type KindRules } from "./kind.ts";
import { exact, text } from "./shapes.ts";

/**
 * How long her consent stands once she has agreed, in ms: longer than a bank is away, for she has been told that nothing is
 * paid any more. To agree she has a day, as for anything.
 */
const CANCELLING_MS = 365 * 86_400_000;

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
