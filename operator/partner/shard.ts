import type { PartnerIdentity } from "../../crds/partner-approval.ts";
import type { Shard, ShardEnrolment, ShardPolicy } from "../../crds/shard.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import { canonicalJson } from "../signed/canonical-json.ts";
import { nextVersion } from "../signed/signed-config-map.ts";
import type { CertificateStatus } from "./certificate-status.ts";
import { limitAt, type Risk } from "./risk.ts";

/** What a shard is made from. */
export interface ShardParts {
  readonly partner: PartnerObject;
  readonly clientId: string;
  readonly group: string;
  readonly policy: ShardPolicy;
  /** What this group serves, which in production is what was approved last. */
  readonly identity: PartnerIdentity;
  readonly certificates: readonly CertificateStatus[];
  readonly risk: Risk | undefined;
  /** What became of a certificate that the partner asked for itself. */
  readonly enrolment: ShardEnrolment | undefined;
}

/**
 * The shard a stack should have of a partner; `previous` itself when its contents are the same.
 *
 * Sets are sorted, so that their order in a file makes no new version. A changed shard gets a version above the last
 * one written and above what status remembers, even when the shard itself is gone.
 */
export function shardFor(
  parts: ShardParts,
  previous: Shard | undefined,
  remembered: number | undefined,
  now: Date,
): Shard {
  const contents = contentsOf(parts);
  if (previous) {
    const { version: _version, ...before } = previous;
    if (canonicalJson(before) === canonicalJson(contents)) return previous;
  }
  return { ...contents, version: nextVersion(now, previous?.version, remembered) };
}

function contentsOf(parts: ShardParts): Omit<Shard, "version"> {
  const { partner, clientId, group, policy, identity, certificates, risk, enrolment } = parts;
  const { spec, metadata } = partner;
  return {
    kind: "shard",
    group,
    clientId,
    partner: `${metadata.namespace ?? ""}/${metadata.name}`,
    displayName: spec.displayName,
    roles: identity.roles as Shard["roles"],
    securityProfile: spec.securityProfile,
    senderConstraint: spec.senderConstraint,
    clientAuthentication: spec.clientAuthentication,
    redirectUris: identity.redirectURIs,
    jwks: identity.jwks,
    certificates: certificates.flatMap((certificate) => acceptedOf(certificate, identity)),
    limit: limitAt(spec.rateLimit, risk),
    policy,
    ...(identity.webhooks ? { webhooks: identity.webhooks } : {}),
    ...(enrolment ? { enrolment } : {}),
  };
}

/** A certificate and the one before, as far as the identity holds the CSRs they were issued for or stand for. */
function acceptedOf(
  { name, previous, ...own }: CertificateStatus,
  { certificates }: PartnerIdentity,
): Shard["certificates"] {
  const holds = (csrHash: string | undefined): boolean =>
    certificates.some((each) => each.name === name && each.csrHash === csrHash);
  const isHeld = holds(own.csrHash) || holds(own.enrolled?.instead);
  const accepted = isHeld ? [own, previous] : holds(previous?.csrHash) ? [previous] : [];
  return accepted.flatMap((each) => {
    const { thumbprint, serial, notAfter } = each ?? {};
    return thumbprint === undefined || serial === undefined || notAfter === undefined
      ? []
      : [{ name, thumbprint, serial, notAfter }];
  });
}
