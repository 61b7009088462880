import type { PartnerSpec } from "../../crds/partner.ts";
import type { Shard, ShardPolicy } from "../../crds/shard.ts";
import { policyText } from "../signed/policy-text.ts";
import type { ConsentPolicyObject, PartnerObject } from "../../crds/resources.ts";
import { canonicalJson } from "../signed/canonical-json.ts";
import { nextVersion } from "../signed/signed-config-map.ts";
import type { CertificateStatus } from "./certificates.ts";
import { shardJwk } from "./keys.ts";

/** What a shard is made from. */
export interface ShardParts {
  readonly partner: PartnerObject;
  readonly clientId: string;
  readonly group: string;
  readonly policy: ConsentPolicyObject;
  readonly certificates: readonly CertificateStatus[];
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

function contentsOf({ partner, clientId, group, policy, certificates }: ShardParts): Omit<Shard, "version"> {
  const { spec, metadata } = partner;
  return {
    kind: "shard",
    group,
    clientId,
    partner: `${metadata.namespace ?? ""}/${metadata.name}`,
    displayName: spec.displayName,
    roles: spec.roles.toSorted(),
    securityProfile: spec.securityProfile,
    senderConstraint: spec.senderConstraint,
    clientAuthentication: spec.clientAuthentication,
    redirectUris: spec.redirectURIs.toSorted(),
    jwks: { keys: spec.jwks.keys.map(shardJwk) },
    certificates: certificates.flatMap(({ name, thumbprint, serial, notAfter }) =>
      thumbprint === undefined || serial === undefined || notAfter === undefined
        ? []
        : [{ name, thumbprint, serial, notAfter }],
    ),
    limit: limitOf(spec),
    policy: shardPolicy(policy),
  };
}

function limitOf({ rateLimit }: PartnerSpec): Shard["limit"] {
  const { requestsPerSecond, burst, maxConcurrent } = rateLimit;
  return { requestsPerSecond, burst, maxConcurrent };
}

function shardPolicy({ metadata, spec }: ConsentPolicyObject): ShardPolicy {
  return {
    name: metadata.name,
    ...policyText(spec),
    permissions: spec.permissions.toSorted(),
    maxDurationDays: spec.maxDurationDays,
    reauthenticationDays: spec.reauthenticationDays,
    historyDays: spec.transactionHistoryDays,
    unattendedPerDay: spec.unattendedCallsPerDay,
  };
}
