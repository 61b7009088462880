import { SHARD_LABEL, type Shard, shardName } from "../../crds/shard.ts";
import type { Plan, PlannedObject } from "../../kube/plan.ts";
import type { ConfigMap } from "../../kube/resources.ts";
import { csrName } from "../csr/names.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import { signedConfigMap } from "../signed/signed-config-map.ts";
import type { ShardSigner } from "../signing-key.ts";
import { type CertificateState, certificateState } from "./certificates.ts";
import { type Findings, type Obstacle, partnerConditions } from "./conditions.ts";
import { keysProblem } from "./keys.ts";
import { leavingStatus, stillListed } from "./leaving.ts";
import { servingOf } from "./serving.ts";
import { shardFor } from "./shard.ts";
import { LOOK_AGAIN, type PlannedPartnerStatus, partnerStatus, recheckAfter } from "./status.ts";
import type { GroupWorld, PartnerWorld } from "./world.ts";

/** Asks the API server for a certificate. */
export interface RequestCertificate {
  readonly do: "requestCertificate";
  /** The certificate's name in the Partner. */
  readonly certificate: string;
  /** Name of the CertificateSigningRequest. */
  readonly request: string;
  readonly clientId: string;
  /** PEM. */
  readonly csr: string;
}

/** Takes back a request for a certificate: its Partner is leaving. */
export interface WithdrawRequest {
  readonly do: "withdrawRequest";
  /** Name of the CertificateSigningRequest. */
  readonly request: string;
  /** The one that was seen; a successor of the same name stays. */
  readonly uid: string | undefined;
}

export type PartnerAction = RequestCertificate | WithdrawRequest;

export type PartnerPlan = Plan<PlannedPartnerStatus, PartnerAction>;

/**
 * What a Partner needs: a request for each CSR that has no certificate yet, and a shard in each group's stack.
 *
 * What cannot be made anew stays as it lies: a poisoned key or a missing policy takes nothing away from the stacks.
 */
export function planPartner(
  partner: PartnerObject,
  world: PartnerWorld,
  now: Date,
  signer: ShardSigner,
): PartnerPlan {
  if (partner.metadata.deletionTimestamp !== undefined) {
    return {
      objects: [],
      actions: [...world.requests.values()].map(({ metadata: { name, uid } }) => ({
        do: "withdrawRequest",
        request: name,
        uid,
      })),
      status: leavingStatus(partner, world),
      retain: stillListed(world).length > 0,
      recheckAfter: LOOK_AGAIN,
      abandon: world.lostClusters,
    };
  }
  const { spec, status } = partner;
  const { clientId } = world;
  const certificates = certificatesOf(partner, world, now);
  const obstacle = obstacleOf(partner, world);
  const groups = world.groups.filter(({ name }) => spec.groups.includes(name));
  const states = groups.map((group) => {
    const remembered = status?.groups?.find(({ name }) => name === group.name)?.shardVersion;
    const shard = obstacle ? undefined : wantedShard(partner, world, group, certificates, remembered, now);
    return { group, shard, serving: servingOf(group, clientId, shard?.version, remembered) };
  });
  const servings = states.map(({ serving }) => serving);
  const limit = `${spec.rateLimit.requestsPerSecond}/s`;
  const findings: Findings = { suspended: spec.suspended, limit, obstacle, certificates, servings };
  const conditions = partnerConditions(findings, world);
  return {
    objects: states.flatMap(({ group, shard }) => shardObject(group, shard, clientId, signer)),
    actions: certificates.flatMap((state) => (state.request ? requestFor(partner, state, clientId) : [])),
    status: partnerStatus(clientId, findings, conditions, now),
    recheckAfter: recheckAfter(certificates, conditions, now),
    abandon: world.lostClusters,
  };
}

function certificatesOf({ spec, status }: PartnerObject, world: PartnerWorld, now: Date): CertificateState[] {
  return spec.certificates.map((wanted) => {
    const before = status?.certificates?.find(({ name }) => name === wanted.name);
    const found = world.requests.get(csrName(world.clientId, wanted.name, wanted.csr));
    return certificateState(wanted, world.clientId, before, found, now);
  });
}

function obstacleOf({ spec, metadata }: PartnerObject, { policy }: PartnerWorld): Obstacle | undefined {
  const problem = keysProblem(spec.jwks.keys);
  if (problem !== undefined) return { reason: "KeyInvalid", message: problem, stalled: true };
  if (policy) return undefined;
  const message = `ConsentPolicy ${spec.consentPolicyRef.name} does not exist in namespace ${metadata.namespace}: create it, or name another in spec.consentPolicyRef.`;
  return { reason: "PolicyMissing", message, stalled: false };
}

function wantedShard(
  partner: PartnerObject,
  { clientId, policy }: PartnerWorld,
  group: GroupWorld,
  certificates: readonly CertificateState[],
  remembered: number | undefined,
  now: Date,
): Shard | undefined {
  if (!policy || group.stack === "missing") return undefined;
  const issued = certificates.map(({ status }) => status);
  const parts = { partner, clientId, group: group.name, policy, certificates: issued };
  return shardFor(parts, group.shard, remembered, now);
}

/** The shard's object: as wanted, or as it lies when none can be made; none where no namespace is. */
function shardObject(
  { stack, cluster, namespace, configMap }: GroupWorld,
  shard: Shard | undefined,
  clientId: string,
  signer: ShardSigner,
): PlannedObject[] {
  const name = shardName(clientId);
  if (stack === "missing" || stack === "unready") return [];
  if (shard) {
    return [
      { cluster, object: signedConfigMap({ name, namespace, kind: "shard", document: shard }, signer) },
    ];
  }
  if (!configMap) return [];
  const { apiVersion, kind, data } = configMap;
  const metadata = { name, namespace, labels: { [SHARD_LABEL]: "shard" } };
  const object: ConfigMap = { apiVersion, kind, metadata, data };
  return [{ cluster, object }];
}

function requestFor(
  { spec }: PartnerObject,
  { status }: CertificateState,
  clientId: string,
): readonly RequestCertificate[] {
  const csr = spec.certificates.find(({ name }) => name === status.name)?.csr;
  const { name: certificate, request } = status;
  if (csr === undefined || request === undefined) return [];
  return [{ do: "requestCertificate", certificate, request, clientId, csr }];
}
