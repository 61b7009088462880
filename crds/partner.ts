import { Type, type Static } from "typebox";
import { DEDICATED_GROUP_LENGTH } from "./dedicated.ts";
import { defineKind } from "./kind.ts";
import { PartnerKey } from "./partner-key.ts";
import { PartnerStatus } from "./partner-status.ts";
import { PartnerWebhooks } from "./partner-webhook.ts";

const dnsLabel = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

/** A regulated third party (TPP) and what the platform provisions for it. */
export const PartnerSpec = Type.Object(
  {
    displayName: Type.String({
      minLength: 1,
      maxLength: 64,
      description: "Name shown to customers on the consent page.",
    }),
    roles: Type.Array(Type.Enum(["AISP", "PISP", "CBPII"], { type: "string" }), {
      minItems: 1,
      maxItems: 3,
      "x-kubernetes-list-type": "set",
      description: "Regulated roles: AISP (accounts), PISP (payments), CBPII (funds confirmation).",
    }),
    securityProfile: Type.Enum(["fapi2-security", "fapi2-message-signing", "fapi1-advanced"], {
      type: "string",
      default: "fapi2-security",
      description: "OAuth profile its clients speak; fapi2-security alone in this release.",
    }),
    senderConstraint: Type.Enum(["mtls", "dpop"], {
      type: "string",
      default: "mtls",
      description:
        "How its tokens are bound to it: mtls (RFC 8705). dpop (RFC 9449) is refused in this release.",
    }),
    clientAuthentication: Type.Enum(["private_key_jwt", "tls_client_auth"], {
      type: "string",
      default: "private_key_jwt",
      description: "How it authenticates at the authorization server; private_key_jwt alone in this release.",
    }),
    redirectURIs: Type.Array(
      Type.String({
        maxLength: 512,
        "x-kubernetes-validations": [
          {
            rule: "isURL(self) && url(self).getScheme() == 'https'",
            message:
              "A redirect URI must be an absolute https URL, for example https://acme.example/callback.",
          },
          {
            rule: "!self.contains('#') && !self.contains('*') && !self.contains('@') && !self.contains('\\\\')",
            message:
              "A redirect URI must not contain a fragment (#), a wildcard (*), user information (@) or a backslash.",
          },
          {
            rule: "!isURL(self) || (url(self).getHostname() != 'localhost' && !url(self).getHostname().startsWith('127.'))",
            message: "A redirect URI must name a host that customers can reach, not localhost.",
          },
        ],
      }),
      {
        minItems: 1,
        maxItems: 20,
        "x-kubernetes-list-type": "set",
        description: "Where customers are sent back to, matched exactly.",
      },
    ),
    webhooks: Type.Optional(PartnerWebhooks),
    jwks: Type.Object(
      {
        keys: Type.Array(PartnerKey, {
          minItems: 1,
          maxItems: 10,
          "x-kubernetes-validations": [
            {
              rule: "self.all(a, self.filter(b, b.kid == a.kid).size() == 1)",
              message: "Every key needs a kid of its own.",
            },
          ],
        }),
      },
      { description: "Public signing keys; private_key_jwt is verified with them." },
    ),
    certificates: Type.Array(
      Type.Object({
        name: Type.String({
          minLength: 1,
          maxLength: 32,
          pattern: dnsLabel,
          description: "Your name for it, for example primary.",
        }),
        csr: Type.String({
          maxLength: 16_384,
          description:
            "PKCS #10 certificate signing request in PEM, EC P-256 or RSA of 2048 to 4096 bits. The private key never reaches the bank.",
          "x-kubernetes-validations": [
            {
              rule: "self.startsWith('-----BEGIN CERTIFICATE REQUEST-----') && self.trim().endsWith('-----END CERTIFICATE REQUEST-----')",
              message:
                "csr must be one PEM block CERTIFICATE REQUEST; make it with: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=acme",
            },
          ],
        }),
      }),
      {
        minItems: 1,
        maxItems: 4,
        description: "Transport certificates; two at a time for an overlap.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
      },
    ),
    reenrolment: Type.Optional(
      Type.Enum(["Allowed", "Refused"], {
        type: "string",
        description:
          "Whether the partner may renew a certificate itself, by EST over its present one; Allowed unless told.",
      }),
    ),
    consentPolicyRef: Type.Object(
      { name: Type.String({ minLength: 1, maxLength: 63, pattern: dnsLabel }) },
      { description: "ConsentPolicy in this namespace that bounds what customers may consent to." },
    ),
    groups: Type.Array(Type.String({ minLength: 1, maxLength: 40, pattern: dnsLabel }), {
      minItems: 1,
      maxItems: 16,
      "x-kubernetes-list-type": "set",
      description: "FailoverGroups that serve it.",
    }),
    tier: Type.Enum(["shared", "dedicated"], {
      type: "string",
      default: "shared",
      description:
        "shared: the group's gateways; dedicated: gateways of its own too, in a namespace of their own, under a host of its own.",
    }),
    rateLimit: Type.Object(
      {
        requestsPerSecond: Type.Integer({
          minimum: 1,
          maximum: 20_000,
          description: "Sustained rate per group.",
        }),
        burst: Type.Integer({ minimum: 1, maximum: 40_000, description: "Requests at once after silence." }),
        maxConcurrent: Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: 50,
          description: "Requests in flight at each gateway of a group.",
        }),
      },
      {
        description: "Limits for each group it is served in.",
        "x-kubernetes-validations": [
          {
            rule: "self.burst >= self.requestsPerSecond",
            message:
              "burst must be at least requestsPerSecond; write for example burst: 2 × requestsPerSecond.",
          },
        ],
      },
    ),
    risk: Type.Optional(
      Type.Object(
        {
          mode: Type.Enum(["dynamic", "off"], {
            type: "string",
            default: "dynamic",
            description: "dynamic: the limit follows the partner's risk score; off: it does not.",
          }),
          minimumShare: Type.Integer({
            minimum: 1,
            maximum: 100,
            default: 10,
            description: "Percent of rateLimit it keeps at any score below that of a suspension (90).",
          }),
        },
        { description: "How risk bounds the limit: down at once, up by a tenth for every 10 calm minutes." },
      ),
    ),
    suspended: Type.Boolean({
      default: false,
      description: "The kill switch: true refuses every request of this partner within a second.",
    }),
    revokedThumbprints: Type.Array(Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" }), {
      maxItems: 64,
      default: [],
      "x-kubernetes-list-type": "set",
      description:
        "Certificates refused though not expired, with those that were re-enrolled over them: SHA-256 of the DER, base64url (status.certificates[].thumbprint).",
    }),
  },
  {
    description: "What the partner is and may do.",
    "x-kubernetes-validations": [
      {
        rule: "self.securityProfile == 'fapi2-security'",
        message: "This release serves securityProfile fapi2-security only; remove the field.",
      },
      {
        rule: "self.senderConstraint == 'mtls'",
        message: "This release binds tokens by senderConstraint mtls only; remove the field.",
      },
      {
        rule: "self.clientAuthentication == 'private_key_jwt'",
        message:
          "This release authenticates clients by clientAuthentication private_key_jwt only; remove the field.",
      },
      {
        rule: `self.tier != 'dedicated' || self.groups.all(g, g.size() <= ${DEDICATED_GROUP_LENGTH})`,
        message: `Gateways of a partner's own carry the group's name and the client id in their certificate's name: with tier dedicated a group's name may have ${DEDICATED_GROUP_LENGTH} characters at most.`,
      },
    ],
  },
);
export type PartnerSpec = Static<typeof PartnerSpec>;

export const Partner = defineKind({
  kind: "Partner",
  plural: "partners",
  shortNames: ["ptn"],
  scope: "Namespaced",
  description:
    "A regulated third party (TPP) and what the platform provisions for it: credentials, limits and its place in every group that serves it.",
  spec: PartnerSpec,
  status: PartnerStatus,
  columns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: "Whether partners' calls are served.",
    },
    {
      name: "Status",
      type: "string",
      jsonPath: ".status.summary",
      description: "Live, Suspended or what it waits for.",
    },
    {
      name: "Tier",
      type: "string",
      jsonPath: ".spec.tier",
      description: "shared, or dedicated: gateways of its own.",
    },
    {
      name: "Limit",
      type: "string",
      jsonPath: ".status.effectiveLimit",
      description: "Requests per second.",
    },
    {
      name: "Cert-Expires",
      type: "string",
      jsonPath: ".status.certificateExpires",
      description: "Earliest expiry of a live certificate.",
    },
    {
      name: "Groups",
      type: "string",
      jsonPath: ".status.servedGroups",
      description: "Groups that serve its newest version, of all.",
    },
    {
      name: "Client-Id",
      type: "string",
      jsonPath: ".status.clientId",
      description: "OAuth client id.",
      priority: 1,
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  rules: [
    { rule: "self.metadata.name.size() <= 63", message: "A Partner's name may have 63 characters at most." },
  ],
});
