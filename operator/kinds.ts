import type { ConsentPolicySpec, ConsentPolicyStatus } from "../crds/consent-policy.ts";
import type { FailoverGroupSpec, FailoverGroupStatus } from "../crds/failover-group.ts";
import { GROUP, VERSION } from "../crds/kind.ts";
import type { PartnerSpec, PartnerStatus } from "../crds/partner.ts";
import type { RegionSpec, RegionStatus } from "../crds/region.ts";
import { type KubeObject, resource } from "../kube/object.ts";

/** `apiVersion` of every kind of ours. */
export const API_VERSION = `${GROUP}/${VERSION}`;

/** A custom resource as the API server keeps it. */
export interface CustomResource<Spec, Status> extends KubeObject {
  readonly spec: Spec;
  readonly status?: Status | undefined;
}

export type PartnerObject = CustomResource<PartnerSpec, PartnerStatus>;
export type ConsentPolicyObject = CustomResource<ConsentPolicySpec, ConsentPolicyStatus>;
export type RegionObject = CustomResource<RegionSpec, RegionStatus>;
export type FailoverGroupObject = CustomResource<FailoverGroupSpec, FailoverGroupStatus>;

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
