import type { PartnerObject } from "../../crds/resources.ts";
import { csrName } from "../csr/names.ts";
import type { IdentityState } from "./approval.ts";
import { approvedHashOf, type CertificateStatus } from "./certificate-status.ts";
import { type CertificateState, certificateState } from "./certificates.ts";
import { type Enrolled, withEnrolment } from "./enrolled-certificate.ts";
import { refusedThumbprints } from "./revocation.ts";
import type { PartnerWorld } from "./world.ts";

/**
 * The certificates of the spec, those that were approved and whose removal waits for a second person, and what the
 * partner asked for itself.
 */
export function heldCertificates(
  partner: PartnerObject,
  world: PartnerWorld,
  { guarded, approved }: IdentityState,
  now: Date,
): Enrolled {
  const { spec, status } = partner;
  const isApproved = (name: string, csrHash: string | undefined): boolean =>
    approved?.identity.certificates.some((each) => each.name === name && each.csrHash === csrHash) ?? false;
  const revoked = refusedThumbprints(partner, status?.certificates ?? []);
  const bounds = {
    mayRequest: (name: string, csrHash: string) => !guarded || isApproved(name, csrHash),
    revoked,
  };
  const wanted = spec.certificates.map((each) => {
    const before = status?.certificates?.find(({ name }) => name === each.name);
    const found = world.requests.get(csrName(world.clientId, each.name, each.csr));
    return certificateState(each, world.clientId, before, found, now, bounds);
  });
  const gone = status?.certificates?.filter(({ name }) =>
    spec.certificates.every((each) => each.name !== name),
  );
  const kept = guarded ? gone?.filter((each) => isApproved(each.name, approvedHashOf(each))) : [];
  const certificates = [...wanted, ...(kept ?? []).map(leavingState)];
  return withEnrolment({ partner, world, certificates, revoked }, now);
}

/** A certificate that the spec names no more, and that is accepted until a second person agrees. */
function leavingState(status: CertificateStatus): CertificateState {
  const message = `Certificate ${status.name} is accepted until its removal is approved.`;
  return { status, reason: "Issued", message, request: false, stalled: false };
}
