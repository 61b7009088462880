import type { ConsentPolicySpec, ConsentPolicyStatus } from "../crds/consent-policy.ts";
import type { FailoverGroupSpec, FailoverGroupStatus } from "../crds/failover-group.ts";
import { GROUP, VERSION } from "../crds/kind.ts";
import type { PartnerSpec, PartnerStatus } from "../crds/partner.ts";
import type { RegionSpec, RegionStatus } from "../crds/region.ts";
import { type KubeObject, resource } from "../kube/object.ts";

/** `apiVersion` of every kind of the platform. */
export const API_VERSION = `${GROUP}/${VERSION}`;

/** A resource of the platform as the API server serves it, defaults filled in. */
export interface Custom<Spec, Status> extends KubeObject {
  readonly spec: Spec;
  readonly status?: Status | undefined;
}

export type PartnerObject = Custom<PartnerSpec, PartnerStatus>;
export type ConsentPolicyObject = Custom<ConsentPolicySpec, ConsentPolicyStatus>;
export type RegionObject = Custom<RegionSpec, RegionStatus>;
export type FailoverGroupObject = Custom<FailoverGroupSpec, FailoverGroupStatus>;

export const partners = resource<PartnerObject>({
  apiVersion: API_VERSION,
  kind: "Partner",
  plural: "partners",
  namespaced: true,
});
export const consentPolicies = resource<ConsentPolicyObject>({
  apiVersion: API_VERSION,
  kind: "ConsentPolicy",
  plural: "consentpolicies",
  namespaced: true,
});
export const regions = resource<RegionObject>({
  apiVersion: API_VERSION,
  kind: "Region",
  plural: "regions",
  namespaced: false,
});
export const failoverGroups = resource<FailoverGroupObject>({
  apiVersion: API_VERSION,
  kind: "FailoverGroup",
  plural: "failovergroups",
  namespaced: false,
});
