import { Type, type Static } from "typebox";
import { commonStatus } from "./condition.ts";
import { PartnerApproval } from "./partner-approval.ts";
import { EnrolledCertificate, Lineage, PartnerEnrolment } from "./partner-enrolment.ts";

/** What the operator observed of a Partner. */
export const PartnerStatus = Type.Object({
  ...commonStatus,
  clientId: Type.Optional(
    Type.String({ description: "OAuth client id: `ptn-` and a hash of namespace/name; never changes." }),
  ),
  certificates: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ maxLength: 32 }),
        request: Type.Optional(
          Type.String({ maxLength: 253, description: "Name of the CertificateSigningRequest to approve." }),
        ),
        csrHash: Type.Optional(
          Type.String({ maxLength: 64, description: "SHA-256 (hex) of the CSR it was issued for." }),
        ),
        refused: Type.Optional(
          Type.String({
            maxLength: 1024,
            description: "Why `request` was denied or failed: it is not asked again, a new CSR is needed.",
          }),
        ),
        serial: Type.Optional(Type.String({ maxLength: 64 })),
        thumbprint: Type.Optional(Type.String({ maxLength: 64 })),
        notBefore: Type.Optional(Type.String({ maxLength: 40 })),
        notAfter: Type.Optional(Type.String({ maxLength: 40 })),
        pem: Type.Optional(
          Type.String({ maxLength: 32_768, description: "The certificate and its issuer, PEM." }),
        ),
        enrolled: Type.Optional(EnrolledCertificate),
        previous: Type.Optional(
          Type.Object(
            {
              csrHash: Type.String({ maxLength: 64 }),
              serial: Type.String({ maxLength: 64 }),
              thumbprint: Type.String({ maxLength: 64 }),
              notAfter: Type.String({ maxLength: 40 }),
              pem: Type.Optional(Type.String({ maxLength: 32_768 })),
              lineage: Type.Optional(Lineage),
              retires: Type.Optional(
                Type.String({
                  maxLength: 40,
                  description:
                    "When it is dropped: a week after every stack was seen to serve its successor.",
                }),
              ),
            },
            { description: "The certificate before, accepted beside this one." },
          ),
        ),
      }),
      { maxItems: 8, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
    ),
  ),
  revoked: Type.Optional(
    Type.Array(
      Type.Object({
        thumbprint: Type.String({ maxLength: 64 }),
        serial: Type.String({ maxLength: 64 }),
        notAfter: Type.String({ maxLength: 40 }),
        at: Type.String({ maxLength: 40, description: "When the operator took it in." }),
        reason: Type.Enum(["keyCompromise", "cessationOfOperation"], {
          type: "string",
          description: "As the CRL says it (RFC 5280 section 5.3.1).",
        }),
      }),
      {
        maxItems: 64,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["thumbprint"],
        description: "Certificates revoked for good, until they would have expired; the CRL is made of them.",
      },
    ),
  ),
  approval: Type.Optional(PartnerApproval),
  enrolment: Type.Optional(PartnerEnrolment),
  risk: Type.Optional(
    Type.Object(
      {
        score: Type.Integer({ minimum: 0, maximum: 100, description: "As of the last change of 5 or more." }),
        share: Type.Integer({ minimum: 1, maximum: 100, description: "Percent of rateLimit that applies." }),
        suspended: Type.Boolean({ description: "Refused altogether, for a score of 90 or more." }),
        reason: Type.String({ maxLength: 256 }),
        since: Type.String({ maxLength: 40, description: "When share or suspension last changed." }),
        calmSince: Type.Optional(
          Type.String({ maxLength: 40, description: "Ten minutes after it more of the limit comes back." }),
        ),
      },
      { description: "How risk bounds the limit now." },
    ),
  ),
  certificateExpires: Type.Optional(
    Type.String({
      maxLength: 40,
      description: "The earliest expiry among its live certificates, for the column.",
    }),
  ),
  groups: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ maxLength: 40 }),
        region: Type.Optional(Type.String({ maxLength: 63 })),
        /** Version of the shard the operator wrote last. */
        shardVersion: Type.Optional(Type.Integer({ format: "int64" })),
        /** True when every live gateway and oauth pod has applied that version. */
        served: Type.Boolean(),
        message: Type.Optional(Type.String({ maxLength: 512 })),
        host: Type.Optional(
          Type.String({
            maxLength: 253,
            description:
              "Where the partner may call besides the group's api host; leads to its own gateways while there are any, and stays.",
          }),
        ),
      }),
      { maxItems: 16, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
    ),
  ),
  effectiveLimit: Type.Optional(Type.String({ maxLength: 64, description: "For example `200/s`." })),
  summary: Type.Optional(
    Type.String({
      maxLength: 64,
      description: "One word for the column: Live, Suspended, AwaitingCertificate, Stalled, …",
    }),
  ),
  servedGroups: Type.Optional(Type.String({ maxLength: 16, description: "For example `2/2`." })),
});
export type PartnerStatus = Static<typeof PartnerStatus>;

/** Subjects and reasons of a Partner's conditions. */
export type PartnerConditionType =
  | "Ready"
  | "Reconciling"
  | "Stalled"
  | "CertificateIssued"
  | "CertificateCurrent"
  | "Reenrolled"
  | "Approved"
  | "Reviewed"
  | "RiskNormal"
  | "LimitsApplied"
  | "Dedicated"
  | "Served"
  | "Suspended";
export type PartnerReason =
  | "Live"
  | "Suspended"
  | "AwaitingApproval"
  | "AwaitingSignature"
  | "CertificateDenied"
  | "CertificateRefused"
  | "CertificateExpired"
  | "CertificateRevoked"
  | "Current"
  | "Reenrolled"
  | "ReenrolmentRefused"
  | "ExpiresWithin30Days"
  | "ExpiresWithin14Days"
  | "ExpiresWithin7Days"
  | "ExpiresWithin1Day"
  | "ApprovalNeeded"
  | "RequesterUnknown"
  | "Approved"
  | "BreakGlass"
  | "RiskNormal"
  | "RiskElevated"
  | "RiskHigh"
  | "CsrInvalid"
  | "KeyInvalid"
  | "PolicyMissing"
  | "PolicyBeyondLaw"
  | "PolicyHeld"
  | "GroupMissing"
  | "GroupNotReady"
  | "RegionUnreachable"
  | "AwaitingGateways"
  | "ShardRefused"
  | "KeyStoreAway"
  | "Applied"
  | "OwnGateways"
  | "OwnGatewaysStarting"
  | "OwnGatewaysRefused"
  | "OwnGatewaysDraining"
  | "Issued"
  | "Deleting"
  | "Paused"
  | "Error";
