import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { CONSENT_KINDS } from "./consent-snapshot.ts";

/** Header in which the gateway tells a service on whose behalf it calls. Believed from the peer `gateway` only. */
export const CONTEXT_HEADER = "wekeza-context";

/** An amount as the standard writes it. */
const ContextAmount = Type.Object({ Amount: Type.String(), Currency: Type.String() });
type ContextAmount = Static<typeof ContextAmount>;

/** What the gateway established about a call before it let it through. */
export const CallContext = Type.Object({
  clientId: Type.String(),
  /** Name customers know the partner by. */
  partnerName: Type.String(),
  /** The access token's scopes, separated by spaces. */
  scope: Type.String(),
  interactionId: Type.String(),
  /** The customer, for calls under a consent. */
  customer: Type.Optional(Type.String()),
  consentId: Type.Optional(Type.String()),
  grantId: Type.Optional(Type.String()),
  /** What that consent allows, as it stood when the gateway looked; a revocation reaches the gateway within a second. */
  consent: Type.Optional(
    Type.Object({
      /** Absent: account access. */
      kind: Type.Optional(Type.Enum([...CONSENT_KINDS], { type: "string" })),
      permissions: Type.Array(Type.String()),
      /** Of a payment: the one it is paid from. */
      accounts: Type.Array(Type.String()),
      /** `InstructedAmount` of a payment. */
      amount: Type.Optional(ContextAmount),
      historyDays: Type.Integer({ minimum: 1 }),
      /** What its policy gives partners less of; absent: nothing. */
      minimisation: Type.Optional(Type.Array(Type.String())),
      transactionFrom: Type.Optional(Type.String()),
      transactionTo: Type.Optional(Type.String()),
    }),
  ),
});
export type CallContext = Static<typeof CallContext>;

const validator = Compile(CallContext);
const amounts = Compile(ContextAmount);

/** The amount in a payment's initiation, or undefined when it has none. */
export function parseAmount(value: unknown): ContextAmount | undefined {
  return amounts.Check(value) ? { Amount: value.Amount, Currency: value.Currency } : undefined;
}

/** The header's value: base64url of JSON. */
export function encodeContext(context: CallContext): string {
  return Buffer.from(JSON.stringify(context)).toString("base64url");
}

/** The context in a header, or undefined when it is absent, repeated or not what {@link encodeContext} makes. */
export function parseContext(header: unknown): CallContext | undefined {
  if (typeof header !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    return validator.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
