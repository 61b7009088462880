import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { ShardPolicy } from "../../crds/shard.ts";

/** States of an account-access consent, in the codes of Open Banking UK 4.0 (`OBInternalConsentStatus1Code`). */
export const CONSENT_STATES = ["AWAU", "AUTH", "RJCT", "CANC", "EXPD"] as const;
export type ConsentState = (typeof CONSENT_STATES)[number];

const RFC3339 = Type.String({ format: "date-time" });

/** A consent as the consent service tells it to oauth and gateway: `GET /internal/consents/{id}`. */
export const ConsentSnapshot = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128 }),
  clientId: Type.String(),
  status: Type.Enum([...CONSENT_STATES], { type: "string" }),
  permissions: Type.Array(Type.String()),
  /** AccountIds the customer chose; empty before authorisation. */
  accounts: Type.Array(Type.String()),
  customer: Type.Optional(Type.String()),
  grantId: Type.Optional(Type.String()),
  createdAt: RFC3339,
  statusUpdatedAt: RFC3339,
  /** From then on it gives nothing; absent when the policy sets no end. */
  expiresAt: Type.Optional(RFC3339),
  /** Bounds of the transactions it covers, as the partner asked. */
  transactionFrom: Type.Optional(RFC3339),
  transactionTo: Type.Optional(RFC3339),
  /** The policy it was given under, with its words. */
  policy: ShardPolicy,
});
export type ConsentSnapshot = Static<typeof ConsentSnapshot>;

const validator = Compile(ConsentSnapshot);

/** The snapshot in an answer of the consent service, or undefined when it is none. */
export function parseConsentSnapshot(value: unknown): ConsentSnapshot | undefined {
  return validator.Check(value) ? value : undefined;
}

/** What a gateway reads about consents that ended: `GET /internal/revocations?since=<cursor>`. */
export const Revocations = Type.Object({
  /** To be sent as `since` next time; grows. */
  cursor: Type.String(),
  /** Ids of consents that ended since, oldest first. */
  consents: Type.Array(Type.String()),
});
export type Revocations = Static<typeof Revocations>;

const revocations = Compile(Revocations);

/** The revocations in an answer of the consent service, or undefined when it holds none. */
export function parseRevocations(value: unknown): Revocations | undefined {
  return revocations.Check(value) ? value : undefined;
}

/** Redis channel on which the end of a consent is told, after commit. */
export const REVOKED_CHANNEL = "revoked";

/** The message on {@link REVOKED_CHANNEL}. */
export const RevokedMessage = Type.Object({ consent: Type.String() });
export type RevokedMessage = Static<typeof RevokedMessage>;
