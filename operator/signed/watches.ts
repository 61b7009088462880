import { SERVED_LABEL } from "../../crds/shard.ts";
import type { Clusters } from "../../kube/clusters.ts";
import { type OwnershipMarks, ownSelector } from "../../kube/ownership.ts";
import { HOME } from "../../kube/plan.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  configMaps,
  leases,
} from "../../kube/resources.ts";
import { PARTNER_SIGNER } from "../csr/names.ts";
import {
  type ApprovalObject,
  approvals,
  consentPolicies,
  failoverGroups,
  partners,
  regions,
} from "../../crds/resources.ts";

/** Index of Approvals by the UID of what they approve. */
export const APPROVALS_BY_UID = "subject";

/** Index of certificate requests by the UID of the Partner that they were made for. */
export const REQUESTS_BY_OWNER = "owner";

/**
 * Watches what the controllers of Partners, ConsentPolicies and rosters read. Called once, before clusters are engaged.
 *
 * In the hub: our kinds and partners' certificate requests. In every cluster: the operator's own ConfigMaps and
 * the Leases in which gateways and authorization servers say what they have applied.
 */
export function watchForPartners(clusters: Clusters, marks: OwnershipMarks): void {
  const where = (cluster: string): boolean => cluster === HOME;
  clusters.watch({ resource: partners, where });
  clusters.watch({ resource: consentPolicies, where });
  clusters.watch({ resource: failoverGroups, where });
  clusters.watch({ resource: regions, where });
  const bySubject = { [APPROVALS_BY_UID]: ({ spec }: ApprovalObject) => [spec.subject.uid] };
  clusters.watch({ resource: approvals, where, indexes: bySubject });
  const fieldSelector = `spec.signerName=${PARTNER_SIGNER}`;
  const byOwner = {
    [REQUESTS_BY_OWNER]: ({ metadata }: CertificateSigningRequest) => [
      metadata.labels?.[`${marks.prefix}/owner-uid`] ?? "",
    ],
  };
  clusters.watch({ resource: certificateSigningRequests, where, fieldSelector, indexes: byOwner });
  clusters.watch({ resource: configMaps, labelSelector: ownSelector(marks) });
  clusters.watch({ resource: leases, labelSelector: SERVED_LABEL });
}
