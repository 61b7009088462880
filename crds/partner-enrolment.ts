import { Type, type Static } from "typebox";

const Thumbprint = Type.String({ maxLength: 64 });

/** Certificates that one was re-enrolled over, the nearest first: whatever revokes one of them revokes it. */
export const Lineage = Type.Array(Thumbprint, {
  maxItems: 8,
  description: "Thumbprints of the certificates it was re-enrolled over, the nearest first.",
});

/** `status.certificates[].enrolled` of a Partner: its partner asked for this certificate itself. */
export const EnrolledCertificate = Type.Object(
  {
    instead: Type.String({
      maxLength: 64,
      description: "SHA-256 (hex) of the CSR in the spec that it renews; a new one there replaces it.",
    }),
    lineage: Lineage,
    group: Type.String({ maxLength: 40, description: "Where it was asked for." }),
    at: Type.String({ maxLength: 40, description: "When the request was taken." }),
  },
  { description: "The partner asked for it itself, by EST." },
);
export type EnrolledCertificate = Static<typeof EnrolledCertificate>;

/** `status.enrolment` of a Partner: the newest request of its partner, and what became of it. */
export const PartnerEnrolment = Type.Object(
  {
    csrHash: Type.String({ maxLength: 64, description: "SHA-256 (hex) of the request's PEM." }),
    state: Type.Enum(["Pending", "Issued", "Refused"], { type: "string" }),
    at: Type.String({ maxLength: 40, description: "When it was taken or refused." }),
    group: Type.String({ maxLength: 40, description: "Where it was asked for." }),
    over: Type.String({ maxLength: 64, description: "Thumbprint of the certificate it was asked over." }),
    certificate: Type.Optional(
      Type.String({ maxLength: 32, description: "Name of the certificate it renews." }),
    ),
    request: Type.Optional(Type.String({ maxLength: 253, description: "Its CertificateSigningRequest." })),
    csr: Type.Optional(Type.String({ maxLength: 4_096, description: "The request, PEM, while it waits." })),
    message: Type.Optional(Type.String({ maxLength: 1_024, description: "What the partner is told." })),
    asked: Type.Array(
      Type.Object({ group: Type.String({ maxLength: 40 }), csrHash: Type.String({ maxLength: 64 }) }),
      { maxItems: 16, description: "The last request taken in from each group, the newest last." },
    ),
  },
  { description: "The newest certificate that the partner asked for itself, by EST." },
);
export type PartnerEnrolment = Static<typeof PartnerEnrolment>;
