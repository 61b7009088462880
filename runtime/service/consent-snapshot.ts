import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { ShardPolicy } from "../../crds/shard.ts";

/** Kinds whose consent is consumed by one payment, order or file. */
export const PAYMENT_KINDS = [
  "domestic-payment",
  "domestic-scheduled-payment",
  "domestic-standing-order",
  "international-payment",
  "international-scheduled-payment",
  "international-standing-order",
  "file-payment",
] as const;

/** Kinds that Open Banking UK has addresses for: one for each of its `*-consents` resources. */
export const OBUK_KINDS = ["account-access", ...PAYMENT_KINDS, "domestic-vrp", "funds-confirmation"] as const;

/** The kind of a consent to cancel a payment that its customer had authorised: only the Berlin Group has a word for it. */
export const CANCELLATION = "payment-cancellation";

/** What a consent is for. */
export const CONSENT_KINDS = [...OBUK_KINDS, CANCELLATION] as const;
export type ConsentKind = (typeof CONSENT_KINDS)[number];

const KINDS = Type.Enum([...CONSENT_KINDS], { type: "string" });

/** States of a consent, in the codes of Open Banking UK 4.0: AWUP waits for its file, COND is consumed by its payment. */
export const CONSENT_STATES = ["AWUP", "AWAU", "AUTH", "COND", "RJCT", "CANC", "EXPD"] as const;
export type ConsentState = (typeof CONSENT_STATES)[number];

const RFC3339 = Type.String({ format: "date-time" });

/** One payment of a bulk. */
const BulkEntry = Type.Object({
  payee: Type.String(),
  account: Type.String(),
  amount: Type.Object({ Amount: Type.String(), Currency: Type.String() }),
});
export type BulkEntry = Static<typeof BulkEntry>;

/** A consent as the consent service tells it to oauth and gateway: `GET /internal/consents/{id}`. */
export const ConsentSnapshot = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128 }),
  clientId: Type.String(),
  /** Absent: account access. */
  kind: Type.Optional(KINDS),
  /** What is to be paid, as the partner asked; for payments only. */
  initiation: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  status: Type.Enum([...CONSENT_STATES], { type: "string" }),
  permissions: Type.Array(Type.String()),
  /** AccountIds the customer chose; empty before authorisation; of a payment the one it is paid from. */
  accounts: Type.Array(Type.String()),
  customer: Type.Optional(Type.String()),
  grantId: Type.Optional(Type.String()),
  createdAt: RFC3339,
  statusUpdatedAt: RFC3339,
  /** From then on it gives nothing; absent when the policy sets no end. */
  expiresAt: Type.Optional(RFC3339),
  /** From then on it gives nothing until the customer authenticates again; of authorised account access only. */
  reauthenticateBy: Type.Optional(RFC3339),
  /** Bounds of the transactions it covers, as the partner asked. */
  transactionFrom: Type.Optional(RFC3339),
  transactionTo: Type.Optional(RFC3339),
  /** All that was asked for, as the partner sent it: `Data` of the standard. Absent for account access. */
  request: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  risk: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  /** Of a bulk: each of its payments, for its customer to see. What a partner says of a file of its own is not here. */
  payments: Type.Optional(Type.Array(BulkEntry)),
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
