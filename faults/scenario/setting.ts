import {
  type ConsentPolicyObject,
  consentPolicies,
  failoverGroups,
  type PartnerObject,
  partners,
  regions,
} from "../../crds/resources.ts";
import type { PartnerSpec } from "../../crds/partner.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { KubeObject, Resource } from "../../kube/object.ts";
import { namespaces } from "../../kube/resources.ts";
import { APPROVAL_LABEL, clientIdOf } from "../../operator/csr/names.ts";
import { MARKS } from "../../operator/marks.ts";
import { testGroup, testPolicy, testRegion } from "../../operator/testing/group.ts";
import { testPartner } from "../../operator/testing/partner.ts";
import { type Corner, CORNER_LABEL } from "../corner.ts";
import type { Stage } from "../stage.ts";

const fieldManager = "person";

/** Makes or changes an object, as a person with kubectl. */
export async function made<T extends KubeObject>(
  stage: Stage,
  resource: Resource<T>,
  object: T,
): Promise<void> {
  const labels = { ...object.metadata.labels, [CORNER_LABEL]: stage.corner.token };
  const marked = { ...object, metadata: { ...object.metadata, labels } };
  await stage.admin.apply(resource, marked, { fieldManager, force: true });
}

/** Makes namespaces, Regions and groups: `away` in a cluster of its own, `home` in the hub. */
export async function makePlaces(stage: Stage): Promise<void> {
  const { partners: own, away, home } = stage.corner;
  const namespace = (name: string, labels: Record<string, string> = {}): Promise<void> =>
    made(stage, namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
  await Promise.all([
    namespace(own, { [APPROVAL_LABEL]: "automatic" }),
    namespace(`stack-${away}`, stackLabels(away)),
    namespace(`stack-${home}`, stackLabels(home)),
    made(stage, regions, testRegion(away, `region-${away}`)),
    made(stage, regions, testRegion(home)),
    made(stage, failoverGroups, testGroup(away)),
    made(stage, failoverGroups, testGroup(home)),
  ]);
}

/** As the operator marks the namespace of a stack that it has made. */
function stackLabels(group: string): Record<string, string> {
  return {
    "app.kubernetes.io/managed-by": MARKS.managedBy,
    [`${MARKS.prefix}/owner-kind`]: failoverGroups.kind,
    [`${MARKS.prefix}/owner-name`]: group,
  };
}

/** The ConsentPolicy of the corner, with changes. */
export async function makePolicy(
  stage: Stage,
  changes: Partial<ConsentPolicyObject["spec"]> = {},
): Promise<void> {
  const policy = testPolicy();
  await made(stage, consentPolicies, {
    ...policy,
    metadata: { ...policy.metadata, namespace: stage.corner.partners },
    spec: { ...policy.spec, ...changes },
  });
}

/** What the corner's Partner asks for, with changes. */
export function partnerSpec(
  { away, home }: Corner,
  csr: string,
  changes: Partial<PartnerSpec> = {},
): PartnerSpec {
  return testPartner(csr, { groups: [away, home], jwks: JWKS, ...changes }).spec;
}

/** The corner's Partner `acme` as the spec says. */
export async function makePartner(
  stage: Stage,
  csr: string,
  changes: Partial<PartnerSpec> = {},
): Promise<void> {
  const partner = testPartner(csr);
  await made(stage, partners, {
    ...partner,
    metadata: { ...partner.metadata, namespace: stage.corner.partners },
    spec: partnerSpec(stage.corner, csr, changes),
  });
}

/** Changes fields of the Partner. */
export async function changePartner(stage: Stage, spec: Partial<PartnerSpec>): Promise<void> {
  const key = { namespace: stage.corner.partners, name: "acme" };
  await stage.admin.patch(partners, key, { merge: { spec } }, { fieldManager });
}

/** Deletes the Partner. */
export async function deletePartner(stage: Stage): Promise<void> {
  await stage.admin.delete(partners, { namespace: stage.corner.partners, name: "acme" });
}

/** The Partner as it is. */
export function partnerOf(stage: Stage): PartnerObject | undefined {
  return stage.history.live.get(`Partner ${stage.corner.partners}/acme`) as PartnerObject | undefined;
}

/** OAuth client id of the Partner. */
export function clientOf(stage: Stage): string {
  return clientIdOf(stage.corner.partners, "acme");
}

/** Whether the Partner's status says this of its present spec, and that everything is in place. */
export function says(stage: Stage, type: string, status: string, reason?: string): true | string {
  const partner = partnerOf(stage);
  const conditions = partner?.status?.conditions;
  const found = conditionOf(conditions, type);
  const present = partner?.status?.observedGeneration === partner?.metadata.generation;
  const synced = conditionOf(conditions, "Synced")?.status === "True";
  const fits = found?.status === status && (reason === undefined || found.reason === reason);
  if (partner && present && fits && synced) return true;
  const told = conditions?.map((each) => `${each.type}=${each.status} ${each.reason}: ${each.message}`) ?? [];
  return `Partner with ${type}=${status} ${reason ?? ""}; it says: ${told.join(" · ")}`;
}

/** Whether everything that the Partner's present spec asks for is in place, whatever its status says of it. */
export function settled(stage: Stage): true | string {
  return says(stage, "Synced", "True");
}

/** The policy as it is. */
export function policyOf(stage: Stage): ConsentPolicyObject | undefined {
  return stage.history.live.get(`ConsentPolicy ${stage.corner.partners}/kenya`) as
    | ConsentPolicyObject
    | undefined;
}

/** Whether the policy's status counts so many Partners. */
export function policyBinds(stage: Stage, count: number): true | string {
  const found = policyOf(stage)?.status?.partners;
  return found === count || `the policy to bind ${count} Partners, not ${found}`;
}

/** All must be true; otherwise the first thing that is missing. */
export function all(...answers: readonly (true | string)[]): true | string {
  return answers.find((each) => each !== true) ?? true;
}

/** A sentence that must be true. */
export function so(fact: boolean, sentence: string): true | string {
  return fact || sentence;
}

const JWKS: PartnerSpec["jwks"] = testPartner("").spec.jwks;
