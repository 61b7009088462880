import { type KubeObject, type Resource, resource } from "../kube/object.ts";
import { Approval, type ApprovalSpec, type ApprovalStatus } from "./approval.ts";
import { ConsentPolicy, type ConsentPolicySpec, type ConsentPolicyStatus } from "./consent-policy.ts";
import { FailoverGroup, type FailoverGroupSpec, type FailoverGroupStatus } from "./failover-group.ts";
import { GROUP, type Kind, VERSION } from "./kind.ts";
import { Partner, type PartnerSpec } from "./partner.ts";
import type { PartnerStatus } from "./partner-status.ts";
import { Region, type RegionSpec, type RegionStatus } from "./region.ts";

/** `apiVersion` of every kind of ours. */
export const API_VERSION = `${GROUP}/${VERSION}`;

/** A custom resource as the API server serves it, defaults filled in. */
export interface CustomResource<Spec, Status> extends KubeObject {
  readonly spec: Spec;
  readonly status?: Status | undefined;
}

export type PartnerObject = CustomResource<PartnerSpec, PartnerStatus>;
export type ConsentPolicyObject = CustomResource<ConsentPolicySpec, ConsentPolicyStatus>;
export type RegionObject = CustomResource<RegionSpec, RegionStatus>;
export type ApprovalObject = CustomResource<ApprovalSpec, ApprovalStatus>;
export type FailoverGroupObject = CustomResource<FailoverGroupSpec, FailoverGroupStatus>;

export const partners = served<PartnerObject>(Partner);
export const consentPolicies = served<ConsentPolicyObject>(ConsentPolicy);
export const regions = served<RegionObject>(Region);
export const failoverGroups = served<FailoverGroupObject>(FailoverGroup);
export const approvals = served<ApprovalObject>(Approval);

/** A kind of ours as the Kubernetes kit knows kinds. */
function served<T extends KubeObject>({ kind, plural, scope }: Omit<Kind, "spec" | "status">): Resource<T> {
  return resource<T>({ apiVersion: API_VERSION, kind, plural, namespaced: scope === "Namespaced" });
}
