import { PERMISSIONS } from "../../crds/consent-policy.ts";
import { API_VERSION, type ConsentPolicyObject, type PartnerObject } from "../../crds/resources.ts";
import type { KeptPartner } from "./partner-folder.ts";

/** Namespace of the quickstart. It carries no approval label, so a person approves its certificates. */
export const NAMESPACE = "quickstart";

/** Where customers are sent back to; nothing listens there: the quickstart's browser stops at this address. */
export const REDIRECT_URI = "https://quickstart.partner.example/callback";

/** What the quickstart asks the customer for. */
export const WANTED_PERMISSIONS = PERMISSIONS.filter((permission) =>
  /^Read(Accounts|Balances|Transactions)/.test(permission),
);

/** The policy its consents are bound by. */
export function consentPolicy(namespace: string = NAMESPACE): ConsentPolicyObject {
  return {
    apiVersion: API_VERSION,
    kind: "ConsentPolicy",
    metadata: { namespace, name: "quickstart" },
    spec: {
      jurisdiction: "ke-cbk",
      permissions: [...WANTED_PERMISSIONS],
      maxDurationDays: 90,
      reauthenticationDays: 90,
      transactionHistoryDays: 90,
      unattendedCallsPerDay: 1000,
      sca: { methods: ["otp"] },
    },
  };
}

/** What a partner may vary in its resource. */
export interface PartnerWish {
  readonly namespace?: string | undefined;
  readonly displayName?: string | undefined;
  readonly redirectUri?: string | undefined;
  readonly roles?: PartnerObject["spec"]["roles"] | undefined;
  readonly rateLimit?: PartnerObject["spec"]["rateLimit"] | undefined;
  /** FailoverGroups that are to serve it. */
  readonly groups: readonly string[];
}

/** The Partner resource: who it is, its public key, and its certificate request. */
export function partnerResource({ name, keys }: KeptPartner, wish: PartnerWish): PartnerObject {
  return {
    apiVersion: API_VERSION,
    kind: "Partner",
    metadata: { namespace: wish.namespace ?? NAMESPACE, name },
    spec: {
      displayName: wish.displayName ?? "Quickstart Accounts Ltd",
      roles: wish.roles ?? ["AISP"],
      securityProfile: "fapi2-security",
      senderConstraint: "mtls",
      clientAuthentication: "private_key_jwt",
      redirectURIs: [wish.redirectUri ?? REDIRECT_URI],
      jwks: { keys: [keys.publicJwk as PartnerObject["spec"]["jwks"]["keys"][number]] },
      certificates: [{ name: "primary", csr: keys.csr }],
      consentPolicyRef: { name: "quickstart" },
      groups: [...wish.groups],
      tier: "shared",
      rateLimit: wish.rateLimit ?? { requestsPerSecond: 100, burst: 200, maxConcurrent: 20 },
      suspended: false,
      revokedThumbprints: [],
    },
  };
}
