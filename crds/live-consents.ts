import { type Static, Type } from "typebox";

/**
 * How a stack says how many live consents it holds under which text of which ConsentPolicy.
 *
 * Its consent service keeps one Lease in the stack's namespace, as stacks say everything to the hub; the operator reads it for
 * the status of ConsentPolicies, and decides nothing by it.
 */

/** Name of that Lease, and value that `SERVED_LABEL` has on it; it serves no shards, so it lacks the annotations of those that do. */
export const LIVE_CONSENTS = "live-consents";

/** Annotation of it: JSON array of {@link LiveConsents}. */
export const LIVE_CONSENTS_ANNOTATION = "openbanking.wekeza.io/live-consents";

/** They are counted this often, in ms. */
export const LIVE_CONSENTS_EVERY_MS = 60_000;

/** What was counted longer ago is not said any more, in ms. */
export const LIVE_CONSENTS_MAX_AGE_MS = 300_000;

/** Consents that are authorised and have not ended, under one text. */
export const LiveConsents = Type.Object({
  /** `namespace/name` of the ConsentPolicy that they were given under. */
  policy: Type.String({ maxLength: 317 }),
  /** SHA-256 (hex) of its text at that time. */
  hash: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  count: Type.Integer({ minimum: 1 }),
});
export type LiveConsents = Static<typeof LiveConsents>;
