import type { PartnerSpec } from "../../crds/partner.ts";
import type { PartnerReason } from "../../crds/partner-status.ts";
import type { CertificateSigningRequest } from "../../kube/resources.ts";
import { stageOf } from "../csr/condition.ts";
import { csrName, sha256Hex } from "../csr/names.ts";
import { readCsr } from "../csr/policy.ts";
import type { CertificateStatus } from "./certificate-status.ts";
import { issuedCertificate, keptKey } from "./issued-certificate.ts";
import { isAccepted, predecessorOf } from "./overlap.ts";

/** A certificate as the spec asks for it. */
export type WantedCertificate = PartnerSpec["certificates"][number];

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

/** What else decides about a certificate. */
export interface CertificateBounds {
  /** Whether a CSR may be asked for now; false while it waits for a second person. */
  readonly mayRequest: (name: string, csrHash: string) => boolean;
  /** Thumbprints that are revoked. */
  readonly revoked: ReadonlySet<string>;
}

/** How status remembers that an approver said no; a signer's refusal begins otherwise. */
const DENIED = "the request was denied: ";

/**
 * How far a certificate is, by what status remembers and the request that is (or is not) there.
 *
 * A CSR whose certificate is in status is not asked for again, though the API server deletes its request after an
 * hour; nor is one that was refused. While a new CSR waits, the certificate of the one before stays; once the new one
 * is issued, the old one is its predecessor, which is accepted until it retires.
 */
export function certificateState(
  { name, csr }: WantedCertificate,
  clientId: string,
  before: CertificateStatus | undefined,
  found: CertificateSigningRequest | undefined,
  now: Date,
  { mayRequest, revoked }: CertificateBounds,
): CertificateState {
  const request = csrName(clientId, name, csr);
  const csrHash = sha256Hex(csr);
  const known = withoutRefusal(before, name, request, now);
  const state = (
    reason: PartnerReason,
    message: string,
    more: Partial<CertificateState> = {},
  ): CertificateState => ({ status: known, reason, message, request: false, stalled: false, ...more });
  const refused = (reason: PartnerReason, why: string): CertificateState => {
    const message = `Certificate ${name}: ${why} Put a new CSR into spec.certificates.`;
    return state(reason, message, { status: { ...known, refused: why.slice(0, 1_000) }, stalled: true });
  };

  if (known.pem !== undefined && known.csrHash === csrHash) return issuedState(known, now, revoked, state);
  // The partner renewed it itself: that stands until the resource asks for something else.
  if (known.pem !== undefined && known.enrolled?.instead === csrHash) {
    const status = { ...known, ...(before?.request === undefined ? {} : { request: before.request }) };
    return issuedState(status, now, revoked, state);
  }
  if (before?.refused !== undefined && before.request === request) {
    const denied = before.refused.startsWith(DENIED);
    return refused(denied ? "CertificateDenied" : "CertificateRefused", before.refused);
  }
  if (!mayRequest(name, csrHash)) {
    return state(
      "ApprovalNeeded",
      `The CSR of certificate ${name} waits for the Approval of a second person.`,
    );
  }
  if (keptKey(csr, known.pem)) {
    const why = "its key is that of the certificate before, and every renewal needs a new key pair.";
    return refused("CertificateRefused", why);
  }
  switch (found ? stageOf(found) : "absent") {
    case "absent": {
      const read = readCsr(csr);
      if (read.ok)
        return state("AwaitingApproval", `Certificate ${name} is being requested.`, { request: true });
      const message = `Certificate ${name}: ${read.finding.message} Put it into spec.certificates.`;
      return state("CsrInvalid", message, { stalled: true });
    }
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
      const issued = issuedCertificate(pem, csr);
      if (typeof issued === "string") return refused("CertificateRefused", issued);
      const previous = predecessorOf(known, now);
      const status = { name, request, csrHash, pem, ...issued, ...(previous ? { previous } : {}) };
      return issuedState(status, now, revoked, state);
    }
  }
}

function issuedState(
  status: CertificateStatus,
  now: Date,
  revoked: ReadonlySet<string>,
  state: (reason: PartnerReason, message: string, more: Partial<CertificateState>) => CertificateState,
): CertificateState {
  const until = status.notAfter ?? "";
  if (revoked.has(status.thumbprint ?? "")) {
    const message = `Certificate ${status.name} is revoked. Put a new CSR, of a new key, into spec.certificates.`;
    return state("CertificateRevoked", message, { status, stalled: true });
  }
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
  now: Date,
): CertificateStatus {
  const { refused: _refused, previous, ...kept } = before ?? {};
  const accepted = previous && isAccepted(previous, now) ? { previous } : {};
  return { ...kept, ...accepted, name, request };
}
