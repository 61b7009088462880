import type { ApprovalReason, ApprovalStatus } from "../../crds/approval.ts";
import { type ApprovalObject, approvals, type PartnerObject, partners } from "../../crds/resources.ts";
import type { ClusterEvent, Clusters } from "../../kube/clusters.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { type Controller, HOME, type Plan, type PlannedStatus } from "../../kube/plan.ts";
import { APPROVALS_BY_UID } from "../signed/watches.ts";
import { expiryOf, verdictOf } from "./verdict.ts";

/** What is known beside an Approval. */
export interface ApprovalWorld {
  readonly subject: PartnerObject | undefined;
}

/** What an Approval's plan says in status. */
export type PlannedApprovalStatus = PlannedStatus & Pick<ApprovalStatus, "state" | "expires">;

/** Says of each Approval whether it counts. What it lets happen is its subject's to do. */
export function approvalController({
  clusters,
}: {
  readonly clusters: Clusters;
}): Controller<ApprovalObject, ApprovalWorld, PlannedApprovalStatus, never> {
  return {
    name: "approval",
    resource: approvals,
    async observe({ spec: { subject } }) {
      const { namespace, name } = subject;
      return { subject: await clusters.get(HOME)?.get(partners, { namespace, name }) };
    },
    plan: planApproval,
    act: () => Promise.resolve(),
  };
}

/** Pure: the status of an Approval. */
export function planApproval(
  approval: ApprovalObject,
  world: ApprovalWorld,
  now: Date,
): Plan<PlannedApprovalStatus, never> {
  if (approval.metadata.deletionTimestamp !== undefined)
    return { objects: [], actions: [], status: { conditions: [] } };
  const { counts, reason, message } = stateOf(approval, world, now);
  const ready: ConditionStatement = { type: "Ready", status: counts ? "True" : "False", reason, message };
  const end = expiryOf(approval);
  const left = end.getTime() - now.getTime();
  return {
    objects: [],
    actions: [],
    status: { conditions: [ready], state: reason, expires: end.toISOString() },
    ...(left > 0 ? { recheckAfter: left } : {}),
  };
}

function stateOf(
  approval: ApprovalObject,
  { subject }: ApprovalWorld,
  now: Date,
): { readonly counts: boolean; readonly reason: ApprovalReason; readonly message: string } {
  const { spec, metadata } = approval;
  const { namespace, name, kind } = spec.subject;
  if (!subject) {
    const message = `${kind} ${name} does not exist in namespace ${namespace}.`;
    return { counts: false, reason: "SubjectMissing", message };
  }
  const { approved, pending } = subject.status?.approval ?? {};
  if (approved?.approval === metadata.name && subject.metadata.uid === spec.subject.uid) {
    return { counts: true, reason: "Used", message: `What it approves took effect at ${approved.at}.` };
  }
  const change = { uid: subject.metadata.uid, hash: pending?.hash ?? "", requestedBy: pending?.requestedBy };
  const verdict = verdictOf(approval, change, now);
  return verdict.counts
    ? { counts: true, reason: "Valid", message: `The change of ${kind} ${name} takes effect with it.` }
    : verdict;
}

/** The Approvals that a change of a Partner concerns. */
export function approvalWakes(clusters: Clusters): (event: ClusterEvent) => readonly ObjectKey[] {
  return ({ cluster, resource, change }) => {
    if (cluster !== HOME || resource.kind !== "Partner") return [];
    const { object, previous, type } = change;
    const shown = (partner: PartnerObject | undefined): string => JSON.stringify(partner?.status?.approval);
    const same = shown(object as PartnerObject) === shown(previous as PartnerObject | undefined);
    if (type === "updated" && same) return [];
    const named =
      clusters
        .get(HOME)
        ?.cache(approvals)
        ?.by(APPROVALS_BY_UID, object.metadata.uid ?? "") ?? [];
    return named.map(({ metadata: { name } }) => ({ name }));
  };
}
