/**
 * A secret that the platform holds: what it is for, who has it, and what to do about it.
 *
 * Who has it is proved on running clusters, in both directions: `e2e/keys.e2e.test.ts`.
 */
export interface Key {
  /** Of the Secret; `*` stands for the rest of a name. */
  readonly namespace: string;
  readonly secret: string;
  /** The Secret's entry. */
  readonly file: string;
  readonly algorithm: string;
  readonly does: string;
  readonly madeBy: string;
  /** Containers that have it as a file or a variable: `workload/container`. */
  readonly inPods: readonly string[];
  /** ServiceAccounts that the API server gives the Secret to: `namespace/name`, `*` as above. */
  readonly readBy: readonly string[];
  /** How it is exchanged, or why it need not be. */
  readonly changed: string;
  /** What it means that it is gone for good. */
  readonly lost: string;
  /** Whether it can be in a key store, out of which it does not come, instead of the Secret: how, or why not. */
  readonly inStore: string;
}

const STACK = "stack-*";
const OPERATOR = "wekeza-system/wekeza-operator";
const KEYS_JOB = `${STACK}/keys`;
const IN_A_STACK = { namespace: STACK, madeBy: "the stack's keys Job", readBy: [KEYS_JOB] } as const;
const BY_THREE_STEPS =
  "add a new key last, an hour later move it first, an hour later take the old one out; `public.json` alike";
const BY_MANIFESTS = "yes: `--key-store` of `deploy/render.ts`; the Secret then holds `tls.crt` alone";
const inRegionsStore = (account: string): string =>
  `yes: \`spec.keyStore\` of the Region, as \`<namespace>_${account}\``;
const FOR_TLS = "no: TLS wants it in the process";
const SHARED_SECRET = "no: a secret that is compared, not a key that signs";

/** Every Secret of an installation, entry by entry. */
export const KEYS: readonly Key[] = [
  {
    namespace: "wekeza-signer",
    secret: "partner-ca",
    file: "tls.key",
    algorithm: "ECDSA P-256",
    does: "signs partners' certificates and the list of the revoked ones",
    madeBy: "you, below a root that stays offline",
    inPods: ["partner-signer/partner-signer"],
    readBy: [],
    changed: "[rotation of the partner CA](../trust.md#rotating-the-partner-ca)",
    lost: "no new certificates until it is exchanged; those that are out go on",
    inStore: BY_MANIFESTS,
  },
  {
    namespace: "wekeza-system",
    secret: "shard-signing-key",
    file: "jwks.json",
    algorithm: "Ed25519",
    does: "signs what stacks are told about partners",
    madeBy: "the operator",
    inPods: [],
    readBy: [OPERATOR],
    changed:
      "add a new key last, restart the operator and wait until all groups are Ready, move it first, restart, take the old one out",
    lost: "delete the Secret and restart the operator: it makes one, and stacks are told to trust it",
    inStore:
      "yes: `--operator-key-store` of `deploy/render.ts`; the Secret then holds `public.json`, the public half, alone",
  },
  {
    namespace: "wekeza-system",
    secret: "region-*",
    file: "kubeconfig",
    algorithm: "ServiceAccount token",
    does: "lets the operator into a region",
    madeBy: "you, or `make up`",
    inPods: [],
    readBy: [OPERATOR],
    changed: "the operator renews the token; it lives a day",
    lost: "the region serves on and is told nothing new; put a new kubeconfig there",
    inStore: "no: a token that its cluster gives out",
  },
  {
    namespace: "wekeza-hosts",
    secret: "*",
    file: "tls.key",
    algorithm: "as its certificate",
    does: "is what a group's hosts prove themselves with",
    madeBy: "you, or cert-manager",
    inPods: [],
    readBy: [OPERATOR],
    changed: "put the new pair there; it is in every stack within seconds",
    lost: "the copies in the stacks serve until they expire; put a new pair there",
    inStore: FOR_TLS,
  },
  {
    namespace: "wekeza-region",
    secret: "service-ca",
    file: "tls.key",
    algorithm: "ECDSA P-256",
    does: "signs the certificates by which the services of a region know each other",
    madeBy: "you, or `make up`; one for each region",
    inPods: ["service-signer/service-signer"],
    readBy: [],
    changed:
      "add the new certificate to ConfigMap `wekeza-region/service-ca` beside the old one, then exchange the Secret; after a day take the old one out",
    lost: "services go on until their certificates expire, within a day; exchange it before",
    inStore: BY_MANIFESTS,
  },
  {
    namespace: STACK,
    secret: "host-tls",
    file: "tls.key",
    algorithm: "as its certificate",
    does: "is the group's host key, where it is used",
    madeBy: "the operator, from `wekeza-hosts`",
    inPods: ["gateway/gateway", "oauth/oauth"],
    readBy: ["wekeza-region/wekeza-operator"],
    changed: "follows `wekeza-hosts`",
    lost: "the operator puts it back",
    inStore: FOR_TLS,
  },
  {
    ...IN_A_STACK,
    secret: "oauth-keys",
    file: "jwks.json",
    algorithm: "ECDSA P-256",
    does: "signs tokens",
    inPods: ["oauth/oauth"],
    changed:
      "add a new key last, restart oauth, an hour later move it first, restart, after an hour take the old one out",
    lost: "every session ends; delete the Secret and the Job `keys-…`, which comes again and makes one",
    inStore: `${inRegionsStore("oauth")}; the Secret then holds the other entries alone`,
  },
  {
    ...IN_A_STACK,
    secret: "oauth-keys",
    file: "cookie.json",
    algorithm: "HMAC-SHA-256",
    does: "signs cookies and forms of the authorization server's pages",
    inPods: ["oauth/oauth"],
    changed: "put a new one first and restart oauth; take the old one out an hour later",
    lost: "customers who are on a page begin again",
    inStore: SHARED_SECRET,
  },
  {
    ...IN_A_STACK,
    secret: "oauth-keys",
    file: "nonce",
    algorithm: "32 random bytes",
    does: "makes the nonces of DPoP proofs",
    inPods: ["oauth/oauth"],
    changed: "exchange it and restart oauth",
    lost: "partners get another nonce and ask again, as the standard says",
    inStore: SHARED_SECRET,
  },
  {
    ...IN_A_STACK,
    secret: "events-keys",
    file: "jwks.json",
    algorithm: "ECDSA P-256",
    does: "signs security event tokens",
    inPods: ["events/events"],
    changed: BY_THREE_STEPS,
    lost: "delete the Secret and the Job `keys-…`, which comes again and makes one; partners find it at the issuer",
    inStore: inRegionsStore("events"),
  },
  {
    ...IN_A_STACK,
    secret: "message-keys",
    file: "jwks.json",
    algorithm: "ECDSA P-256",
    does: "signs answers about payments",
    inPods: ["gateway/gateway"],
    changed: BY_THREE_STEPS,
    lost: "delete the Secret and the Job `keys-…`, which comes again and makes one; partners find it at the issuer",
    inStore: `${inRegionsStore("gateway")}; each answer about a payment then waits for the store`,
  },
  {
    ...IN_A_STACK,
    secret: "redis-acl",
    file: "users.acl",
    algorithm: "hashes of the passwords",
    does: "tells Redis its users",
    inPods: ["redis/redis", "redis/sidecar"],
    changed:
      "delete the Secret and the Job `keys-…`, which comes again and makes one; restart Redis and the services",
    lost: "what is begun and not ended (a login, a code) begins again",
    inStore: SHARED_SECRET,
  },
  ...["gateway", "oauth", "consent", "banking", "sidecar"].map((file): Key => ({
    ...IN_A_STACK,
    secret: "redis-acl",
    file,
    algorithm: "password of 256 bits",
    does: `lets ${file === "sidecar" ? "Redis' sidecar" : file} into Redis, beside its certificate`,
    inPods: [file === "sidecar" ? "redis/sidecar" : `${file}/${file}`],
    changed: "with `users.acl`",
    lost: "with `users.acl`",
    inStore: SHARED_SECRET,
  })),
  {
    ...IN_A_STACK,
    secret: "audit-signing-key",
    file: "key.pem",
    algorithm: "Ed25519",
    does: "signs checkpoints of the audit log",
    inPods: ["audit/audit"],
    changed: "never: it is the log's identity, which auditors hold on paper",
    lost: "no more checkpoints; what was signed is proved for ever. The log ends, and another group's begins",
    inStore: `${inRegionsStore("audit")}, version 1 for ever`,
  },
  {
    ...IN_A_STACK,
    secret: "audit-wrapping-key",
    file: "key.pem",
    algorithm: "X25519",
    does: "opens customers' keys, by which personal fields of the audit log are read",
    inPods: ["audit/audit"],
    changed:
      "not in the Secret: customers' keys would have to be wrapped anew. Into a key store, where it is rotated; the Secret then opens what was sealed to it",
    lost: "no personal field of the log can be read any more; everything is still proved",
    inStore: `${inRegionsStore("audit_wrapping")}, RSA of 3,072 bits; of a stack that was there the Secret stays, for what was sealed to it`,
  },
];

/** Names of the Secrets that a stack's keys Job makes. */
export const STACK_KEYS: readonly string[] = [
  ...new Set(KEYS.filter(({ readBy }) => readBy.includes(KEYS_JOB)).map(({ secret }) => secret)),
];

/** Entries of Secrets that are public. */
export const OPEN_FILES: ReadonlySet<string> = new Set(["tls.crt", "ca.crt", "public.json"]);
