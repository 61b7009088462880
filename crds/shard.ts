import { Type, type Static } from "typebox";
import { Webhook } from "./partner-webhook.ts";

/**
 * What a stack knows of its partners, and how it knows that the operator said it.
 *
 * The operator writes both documents as ConfigMaps into a stack's namespace; gateway and oauth watch them there.
 * - one **shard** per partner (`shard-<client id>`): everything needed to serve that partner;
 * - one **roster** (`roster`): which partners are live, from which shard version on, who is suspended, which
 *   certificates are revoked. It is applied before any shard and never rolled back, so that a poisoned shard, or a
 *   region that was away, cannot bring back what was taken away.
 *
 * A ConfigMap carries the signed bytes under {@link PAYLOAD_KEY} and their detached signature under {@link SIGNATURE_KEY}.
 */

/** ConfigMap data key of the JSON text that was signed, byte for byte. */
export const PAYLOAD_KEY = "payload";

/** ConfigMap data key of the signature: a detached JWS (RFC 7515 appendix F), EdDSA with Ed25519, `kid` in its header. */
export const SIGNATURE_KEY = "signature";

/** Label that tells shards and the roster from other ConfigMaps; its value is `shard` or `roster`. */
export const SHARD_LABEL = "openbanking.wekeza.io/signed";

/** Name of a stack's roster ConfigMap. */
export const ROSTER_NAME = "roster";

/** Name of a partner's shard ConfigMap. */
export function shardName(clientId: string): string {
  return `shard-${clientId}`;
}

/** SHA-256 of a certificate's DER, base64url without padding: the form of `cnf.x5t#S256` (RFC 8705 section 3.1). */
const Thumbprint = Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" });

const RFC3339 = Type.String({ format: "date-time" });

/** What may be consented to for this partner's customers, and the words of the policy a consent keeps as evidence. */
export const ShardPolicy = Type.Object({
  name: Type.String(),
  /** SHA-256 (hex) of `text`. */
  hash: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  /** Canonical JSON of the ConsentPolicy's spec. */
  text: Type.String(),
  permissions: Type.Array(Type.String()),
  maxDurationDays: Type.Integer({ minimum: 1 }),
  reauthenticationDays: Type.Integer({ minimum: 1 }),
  historyDays: Type.Integer({ minimum: 1 }),
  unattendedPerDay: Type.Integer({ minimum: 1 }),
  /** What partners may use the information for, in words for customers; absent: nothing is said of it. */
  purposes: Type.Optional(Type.Array(Type.String())),
  /** What partners get less of; absent: nothing. */
  minimisation: Type.Optional(Type.Array(Type.String())),
});
export type ShardPolicy = Static<typeof ShardPolicy>;

/** Requests a partner may send to one stack. */
export const ShardLimit = Type.Object({
  /** Refill, in requests per second. */
  requestsPerSecond: Type.Number({ exclusiveMinimum: 0 }),
  /** Bucket size, in requests. */
  burst: Type.Integer({ minimum: 1 }),
  /** Requests in flight at one time. */
  maxConcurrent: Type.Integer({ minimum: 1 }),
});
export type ShardLimit = Static<typeof ShardLimit>;

/** A partner's public signing key (RFC 7517). */
export const ShardJwk = Type.Object(
  {
    kty: Type.String(),
    kid: Type.String(),
    alg: Type.Optional(Type.String()),
    use: Type.Optional(Type.String()),
    crv: Type.Optional(Type.String()),
    x: Type.Optional(Type.String()),
    y: Type.Optional(Type.String()),
    n: Type.Optional(Type.String()),
    e: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type ShardJwk = Static<typeof ShardJwk>;

/** What became of a certificate that the partner asked for itself (EST); gateways answer it with this. */
export const ShardEnrolment = Type.Object({
  /** SHA-256 (hex) of the request's PEM. */
  csrHash: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  state: Type.Enum(["Pending", "Issued", "Refused"], { type: "string" }),
  /** Why it waits or was refused, for the partner. */
  message: Type.Optional(Type.String()),
  /** The certificate and its issuer, PEM, once it is issued. */
  pem: Type.Optional(Type.String()),
});
export type ShardEnrolment = Static<typeof ShardEnrolment>;

/** Everything a stack needs to serve one partner. */
export const Shard = Type.Object({
  kind: Type.Literal("shard"),
  /** Failover group it is for; a shard of another group is refused. */
  group: Type.String(),
  clientId: Type.String({ pattern: "^ptn-[0-9a-f]{16}$" }),
  /** Grows with every change; a lower one than the last seen is refused. Milliseconds since 1970 of the change, made strictly growing. */
  version: Type.Integer({ minimum: 1 }),
  /** `namespace/name` of the Partner, for people. */
  partner: Type.String(),
  displayName: Type.String(),
  roles: Type.Array(Type.Enum(["AISP", "PISP", "CBPII"], { type: "string" })),
  securityProfile: Type.Enum(["fapi2-security", "fapi2-message-signing", "fapi1-advanced"], {
    type: "string",
  }),
  senderConstraint: Type.Enum(["mtls", "dpop"], { type: "string" }),
  clientAuthentication: Type.Enum(["private_key_jwt", "tls_client_auth"], { type: "string" }),
  redirectUris: Type.Array(Type.String()),
  jwks: Type.Object({ keys: Type.Array(ShardJwk) }),
  certificates: Type.Array(
    Type.Object({ name: Type.String(), thumbprint: Thumbprint, serial: Type.String(), notAfter: RFC3339 }),
  ),
  limit: ShardLimit,
  policy: ShardPolicy,
  /** Where its events are sent; absent: nowhere but where the partner itself subscribes. */
  webhooks: Type.Optional(Type.Array(Webhook)),
  enrolment: Type.Optional(ShardEnrolment),
});
export type Shard = Static<typeof Shard>;

/** Who is live in a stack. */
export const Roster = Type.Object({
  kind: Type.Literal("roster"),
  group: Type.String(),
  /** As a shard's version: grows, never goes back. */
  version: Type.Integer({ minimum: 1 }),
  /** When the operator last vouched for it; a starting gateway waits for one younger than its own start. */
  issuedAt: RFC3339,
  partners: Type.Array(
    Type.Object({
      clientId: Type.String(),
      /** The oldest shard version that may be served. */
      minimumVersion: Type.Integer({ minimum: 1 }),
      suspended: Type.Boolean(),
      /** Certificates that may not be used any more, though not expired. */
      revoked: Type.Array(Thumbprint),
    }),
  ),
});
export type Roster = Static<typeof Roster>;

/** Keys a stack trusts to have signed shards and rosters; more than one while the operator's key rotates. */
export const ShardTrust = Type.Object({
  keys: Type.Array(
    Type.Object({
      kid: Type.String(),
      kty: Type.Literal("OKP"),
      crv: Type.Literal("Ed25519"),
      x: Type.String(),
    }),
    { minItems: 1 },
  ),
});
export type ShardTrust = Static<typeof ShardTrust>;

/** Longest time a gateway serves from a roster nobody has vouched for again, in milliseconds: the hub may order, never kill. */
export const ROSTER_MAX_AGE_MS = 3_600_000;

/** Label of the Lease every gateway, oauth and banking pod keeps in its namespace; its value is the service's name. */
export const SERVED_LABEL = "openbanking.wekeza.io/served-by";

/** Annotations of that Lease: what the pod has applied; banking, which is told no shards, says `behaviour` alone. */
export const SERVED = {
  /** RFC 3339 time at which the process started. */
  startedAt: "openbanking.wekeza.io/started-at",
  /** The newest resourceVersion among the signed ConfigMaps it has applied or refused. */
  resourceVersion: "openbanking.wekeza.io/applied-resource-version",
  /** Version of the roster it serves by. */
  rosterVersion: "openbanking.wekeza.io/roster-version",
  /** JSON array of `{clientId, reason}` of the shards it refused; it serves their last good one. */
  refused: "openbanking.wekeza.io/refused",
  /**
   * JSON object of what a gateway thinks of its callers, or banking of what the fraud service says of their payments:
   * client id → 10 to 100; who behaves is not named.
   */
  behaviour: "openbanking.wekeza.io/behaviour",
  /** Requests a second that a gateway takes, in steps. */
  requests: "openbanking.wekeza.io/requests-per-second",
} as const;

/**
 * Name of the Lease in each stack that the operator renews after it has compared the stack's roster with all Partners.
 * A Lease, as it says nothing but "still so", and is written all the time.
 */
export const HUB_LEASE = "hub";

/** The operator renews it this often, in milliseconds. */
export const HUB_LEASE_EVERY_MS = 2_000;
