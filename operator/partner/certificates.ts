import { createPublicKey, X509Certificate } from "node:crypto";
import type { PartnerReason, PartnerSpec, PartnerStatus } from "../../crds/partner.ts";
import type { CertificateSigningRequest } from "../../kube/resources.ts";
import { stageOf } from "../csr/condition.ts";
import { csrName, sha256Hex } from "../csr/names.ts";
import { certificatesFromPem, requestFromPem } from "../csr/pem.ts";
import { readCertificateRequest } from "../csr/request.ts";

/** A certificate as the spec asks for it. */
export type WantedCertificate = PartnerSpec["certificates"][number];

/** A certificate as status tells of it. */
export type CertificateStatus = NonNullable<PartnerStatus["certificates"]>[number];

/** How far one certificate is. */
export interface CertificateState {
  readonly status: CertificateStatus;
  readonly reason: PartnerReason;
  readonly message: string;
  /** The request does not exist and has to be made. */
  readonly request: boolean;
  /** Nothing but a new CSR helps. */
  readonly stalled: boolean;
}

/** How status remembers that an approver said no; a signer's refusal begins otherwise. */
const DENIED = "the request was denied: ";

/**
 * How far a certificate is, by what status remembers and the request that is (or is not) there.
 *
 * A CSR whose certificate is in status is not asked for again, though the API server deletes its request after an
 * hour; nor is one that was refused. While a new CSR waits, the certificate of the one before stays.
 */
export function certificateState(
  { name, csr }: WantedCertificate,
  clientId: string,
  before: CertificateStatus | undefined,
  found: CertificateSigningRequest | undefined,
  now: Date,
): CertificateState {
  const request = csrName(clientId, name, csr);
  const csrHash = sha256Hex(csr);
  const known = withoutRefusal(before, name, request);
  const state = (
    reason: PartnerReason,
    message: string,
    more: Partial<CertificateState> = {},
  ): CertificateState => ({ status: known, reason, message, request: false, stalled: false, ...more });
  const refused = (reason: PartnerReason, why: string): CertificateState => {
    const message = `Certificate ${name}: ${why} Put a new CSR into spec.certificates.`;
    return state(reason, message, { status: { ...known, refused: why.slice(0, 1_000) }, stalled: true });
  };

  if (known.pem !== undefined && known.csrHash === csrHash) return issuedState(known, now, state);
  if (before?.refused !== undefined && before.request === request) {
    const denied = before.refused.startsWith(DENIED);
    return refused(denied ? "CertificateDenied" : "CertificateRefused", before.refused);
  }
  switch (found ? stageOf(found) : "absent") {
    case "absent":
      return state("AwaitingApproval", `Certificate ${name} is being requested.`, { request: true });
    case "pending":
      return state(
        "AwaitingApproval",
        `Certificate ${name} waits for approval: kubectl certificate approve ${request}`,
      );
    case "approved":
      return state("AwaitingSignature", `Certificate ${name} is approved and waits for the signer.`);
    case "ended": {
      const condition = found?.status?.conditions?.find(({ type }) => type === "Denied" || type === "Failed");
      const why = condition?.message || condition?.reason || "no reason was given.";
      return condition?.type === "Failed"
        ? refused("CertificateRefused", `the signer refused it: ${why}`)
        : refused("CertificateDenied", `${DENIED}${why}`);
    }
    case "issued": {
      const pem = Buffer.from(found?.status?.certificate ?? "", "base64").toString();
      const issued = issuedStatus({ name, request, csrHash, pem }, csr);
      return issued
        ? issuedState(issued, now, state)
        : refused("CertificateRefused", "what the signer returned is no certificate for this CSR.");
    }
  }
}

function issuedState(
  status: CertificateStatus,
  now: Date,
  state: (reason: PartnerReason, message: string, more: Partial<CertificateState>) => CertificateState,
): CertificateState {
  const until = status.notAfter ?? "";
  return Date.parse(until) > now.getTime()
    ? state("Issued", `Certificate ${status.name} is valid until ${until}.`, { status })
    : state(
        "CertificateExpired",
        `Certificate ${status.name} expired at ${until}. Put a new CSR into spec.certificates.`,
        { status, stalled: true },
      );
}

/** What status said, as far as it still holds for the request of now. */
function withoutRefusal(
  before: CertificateStatus | undefined,
  name: string,
  request: string,
): CertificateStatus {
  const { refused: _refused, ...kept } = before ?? {};
  return { ...kept, name, request };
}

/** Status of a certificate that was issued for a CSR; undefined when it is not for the CSR's key. */
function issuedStatus(
  { name, request, csrHash, pem }: { name: string; request: string; csrHash: string; pem: string },
  csr: string,
): CertificateStatus | undefined {
  try {
    const leaf = new X509Certificate(certificatesFromPem(pem)[0] ?? "");
    const asked = readCertificateRequest(requestFromPem(csr) ?? new Uint8Array());
    const key = createPublicKey({ key: Buffer.from(asked.publicKey), format: "der", type: "spki" });
    if (!leaf.publicKey.equals(key)) return undefined;
    return {
      name,
      request,
      csrHash,
      pem,
      serial: leaf.serialNumber.toLowerCase(),
      thumbprint: Buffer.from(leaf.fingerprint256.replaceAll(":", ""), "hex").toString("base64url"),
      notBefore: leaf.validFromDate.toISOString(),
      notAfter: leaf.validToDate.toISOString(),
    };
  } catch {
    return undefined;
  }
}
