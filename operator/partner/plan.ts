import type { ConsentPolicySpec } from "../../crds/consent-policy.ts";
import { beyond } from "../../crds/law.ts";
import type { PartnerIdentity } from "../../crds/partner-approval.ts";
import { SHARD_LABEL, type Shard, type ShardPolicy, shardName } from "../../crds/shard.ts";
import type { Plan, PlannedObject } from "../../kube/plan.ts";
import type { CertificateSigningRequest, ConfigMap } from "../../kube/resources.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import { stageOf } from "../csr/condition.ts";
import { signedConfigMap } from "../signed/signed-config-map.ts";
import type { ShardSigner } from "../shard-signer.ts";
import { type IdentityState, identityState } from "./approval.ts";
import { approvedHashOf, type CertificateStatus } from "./certificate-status.ts";
import type { CertificateState } from "./certificates.ts";
import { type Findings, type Obstacle, partnerConditions } from "./conditions.ts";
import { dedicatedConditions } from "./dedicated-conditions.ts";
import { currency } from "./expiry.ts";
import { identityConditions } from "./identity-conditions.ts";
import { identityOf } from "./identity.ts";
import { answerFor, type Enrolled } from "./enrolled-certificate.ts";
import { heldCertificates } from "./held-certificates.ts";
import { keysProblem } from "./keys.ts";
import { leavingStatus, stillListed } from "./leaving.ts";
import { withRetirement } from "./overlap.ts";
import { revokedOf } from "./revocation.ts";
import { policyInForce } from "./policy-in-force.ts";
import { calmAfter, limitAt, type Risk, riskOf } from "./risk.ts";
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

/** Takes back a request for a certificate that nobody wants any more. */
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
  signer: Pick<ShardSigner, "kid">,
): PartnerPlan {
  if (partner.metadata.deletionTimestamp !== undefined) {
    return {
      objects: [],
      actions: [...world.requests.values()].map(withdrawal),
      status: leavingStatus(partner, world, now),
      retain: stillListed(world).length > 0,
      recheckAfter: LOOK_AGAIN,
      abandon: world.lostClusters,
    };
  }
  const { spec, status } = partner;
  const { clientId } = world;
  const identity = identityState(partner, world, now);
  const risk = riskOf(spec.risk, status?.risk, world.risk, now);
  const enrolled = heldCertificates(partner, world, identity, now);
  const { certificates: issued, enrolment } = enrolled;
  const obstacle = obstacleOf(partner, world, now);
  const groups = world.groups.filter(({ name }) => spec.groups.includes(name));
  const states = groups.map((group) => {
    const remembered = status?.groups?.find(({ name }) => name === group.name)?.shardVersion;
    const shard = obstacle
      ? undefined
      : wantedShard(partner, world, group, { identity, enrolled, remembered, risk }, now);
    return { group, shard, serving: servingOf(group, clientId, shard?.version, remembered) };
  });
  const servings = states.map(({ serving }) => serving);
  const certificates = withRetirement(issued, servings, now);
  const limit = limitText(spec, risk);
  const findings: Findings = {
    suspended: spec.suspended || risk?.suspended === true,
    dedicated: dedicatedConditions(spec.tier === "dedicated", groups),
    risk,
    limit,
    obstacle,
    certificates,
    servings,
    identity: [...identityConditions(partner, identity), ...enrolled.conditions],
    currency: currency(certificates, now),
  };
  const conditions = partnerConditions(findings, world);
  const { approved, pending } = identity;
  const revoked = revokedOf(
    partner,
    certificates.map(({ status: each }) => each),
    now,
  );
  const wanted = certificates.flatMap(({ status: { request } }) => request ?? []);
  const asked = enrolment?.state === "Pending" ? [enrolment.request ?? ""] : [];
  return {
    objects: states.flatMap(({ group, shard }) => shardObjects(group, shard, clientId, signer)),
    actions: [
      ...certificates.flatMap((state) => (state.request ? requestFor(partner, state, clientId) : [])),
      ...(enrolled.request ? [{ do: "requestCertificate" as const, clientId, ...enrolled.request }] : []),
      ...withdrawals(world, new Set([...wanted, ...asked])),
    ],
    status: {
      ...partnerStatus(clientId, findings, conditions, now),
      ...(revoked.length === 0 ? {} : { revoked }),
      ...(risk ? { risk } : {}),
      ...(enrolment ? { enrolment } : {}),
      ...(approved || pending
        ? { approval: { ...(approved ? { approved } : {}), ...(pending ? { pending } : {}) } }
        : {}),
    },
    recheckAfter: soonest(
      recheckAfter(certificates, conditions, now),
      calmAfter(risk, now),
      enrolled.recheckAfter,
    ),
    abandon: world.lostClusters,
  };
}

/** For example `200/s`, or `60/s (30 % at risk 67)`. */
function limitText({ rateLimit }: PartnerObject["spec"], risk: Risk | undefined): string {
  const text = `${limitAt(rateLimit, risk).requestsPerSecond}/s`;
  return risk && risk.share < 100 ? `${text} (${risk.share} % at risk ${risk.score})` : text;
}

/** The sooner of two waits; undefined waits for an event. */
function soonest(...waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function obstacleOf({ spec, metadata }: PartnerObject, world: PartnerWorld, now: Date): Obstacle | undefined {
  const problem = keysProblem(spec.jwks.keys);
  if (problem !== undefined) return { reason: "KeyInvalid", message: problem, stalled: true };
  const { name } = spec.consentPolicyRef;
  if (!world.policy) {
    const message = `ConsentPolicy ${name} does not exist in namespace ${metadata.namespace}: create it, or name another in spec.consentPolicyRef.`;
    return { reason: "PolicyMissing", message, stalled: false };
  }
  for (const group of world.groups.filter((each) => spec.groups.includes(each.name))) {
    const policy = policyFor(group, world, now);
    if (!policy) {
      const message = `ConsentPolicy ${name} has a text that waits for its status to tell of it: where its condition TextHeld says why, take away the annotation that it names.`;
      return { reason: "PolicyHeld", message, stalled: false };
    }
    const beyondIt = beyondLaw(name, policy, group);
    if (beyondIt) return beyondIt;
  }
  return undefined;
}

/** What a group is told of the policy; one that has no shard yet is told what another was while a changed text waits. */
function policyFor(group: GroupWorld, { policy, groups }: PartnerWorld, now: Date): ShardPolicy | undefined {
  const former = group.shard ?? groups.find(({ shard }) => shard !== undefined)?.shard;
  return policy && policyInForce(policy, former?.policy, now);
}

/** A policy that gives more than the law of a Region lets it; one written for a stricter law may be used anywhere. */
function beyondLaw(
  policy: string,
  { text }: ShardPolicy,
  { name, region, law }: GroupWorld,
): Obstacle | undefined {
  const [excess] = law === undefined ? [] : beyond(law, JSON.parse(text) as ConsentPolicySpec);
  if (!excess) return undefined;
  const { what, given, most, source } = excess;
  const message =
    `ConsentPolicy ${policy} gives ${what} ${given}, and Region ${region} of group ${name} is under ${law}, which allows ` +
    `${most} (${source}): lower it, or name another in spec.consentPolicyRef.`;
  return { reason: "PolicyBeyondLaw", message, stalled: false };
}

/** What a group's shard is made from, beside the Partner. */
interface ShardInputs {
  readonly identity: IdentityState;
  readonly enrolled: Enrolled;
  readonly remembered: number | undefined;
  readonly risk: Risk | undefined;
}

/** The shard a group should have; undefined where none can be made, or where nobody has approved any identity yet. */
function wantedShard(
  partner: PartnerObject,
  world: PartnerWorld,
  group: GroupWorld,
  { identity: { approved }, enrolled, remembered, risk }: ShardInputs,
  now: Date,
): Shard | undefined {
  const { clientId } = world;
  const policy = policyFor(group, world, now);
  const certificates = enrolled.certificates.map(({ status }) => status);
  const identity = group.production ? approved?.identity : asItIs(partner, certificates);
  if (!policy || !identity || group.stack === "missing") return undefined;
  const parts = {
    partner,
    clientId,
    group: group.name,
    policy,
    identity,
    certificates,
    risk,
    enrolment: answerFor(enrolled, group),
  };
  // Above the roster as well: it remembers the shards of a Partner that was deleted and made anew.
  const known = Math.max(remembered ?? 0, group.roster?.version ?? 0);
  return shardFor(parts, group.shard, known, now);
}

/** What a group serves that waits for nobody: the spec, with the certificates that are there. */
function asItIs({ spec }: PartnerObject, certificates: readonly CertificateStatus[]): PartnerIdentity {
  const named = certificates.filter(({ name }) => spec.certificates.some((each) => each.name === name));
  const held = named.map((each) => ({ name: each.name, csrHash: approvedHashOf(each) ?? "" }));
  return { ...identityOf(spec), certificates: held };
}

/** The shard's objects: in the stack, and beside it where the partner's own gateways are. */
function shardObjects(
  { stack, cluster, own, ...shared }: GroupWorld,
  shard: Shard | undefined,
  clientId: string,
  signer: Pick<ShardSigner, "kid">,
): PlannedObject[] {
  if (stack === "missing" || stack === "unready") return [];
  const places = [shared, ...(own ? [own] : [])];
  return places.flatMap((place) => shardObject({ ...place, cluster }, shard, clientId, signer));
}

/** As wanted, or as it lies when none can be made. */
function shardObject(
  place: Pick<GroupWorld, "cluster" | "namespace" | "configMap" | "shard">,
  shard: Shard | undefined,
  clientId: string,
  signer: Pick<ShardSigner, "kid">,
): PlannedObject[] {
  const { cluster, namespace, configMap } = place;
  const name = shardName(clientId);
  if (shard) {
    const present = place.shard && configMap;
    const planned = signedConfigMap({ name, namespace, kind: "shard", document: shard, present }, signer);
    // Its version is above the one that was read; above another's nobody knows.
    return [{ cluster, ...planned, over: { resourceVersion: configMap?.metadata.resourceVersion } }];
  }
  if (!configMap) return [];
  const { apiVersion, kind, data } = configMap;
  const metadata = { name, namespace, labels: { [SHARD_LABEL]: "shard" } };
  const object: ConfigMap = { apiVersion, kind, metadata, data };
  return [{ cluster, object }];
}

/**
 * Takes back what is not wanted any more: whoever approves it would give a certificate to nobody. One that is issued
 * stays for its hour: put back into the spec, its CSR has its certificate again.
 */
function withdrawals({ requests }: PartnerWorld, kept: ReadonlySet<string>): readonly WithdrawRequest[] {
  return [...requests.values()]
    .filter((request) => !kept.has(request.metadata.name) && stageOf(request) !== "issued")
    .map(withdrawal);
}

function withdrawal({ metadata: { name, uid } }: CertificateSigningRequest): WithdrawRequest {
  return { do: "withdrawRequest", request: name, uid };
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
