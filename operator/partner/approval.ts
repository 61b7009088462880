import { REQUESTED_BY } from "../../crds/approval.ts";
import type { PartnerApproval, PartnerIdentity } from "../../crds/partner-approval.ts";
import { API_VERSION, type ApprovalObject, type PartnerObject } from "../../crds/resources.ts";
import { verdictOf } from "../approval/verdict.ts";
import { changedFields, identityHash, identityOf, isWithin } from "./identity.ts";
import type { PartnerWorld } from "./world.ts";

/** Evidence of the identity that production serves. */
export type Approved = NonNullable<PartnerApproval["approved"]>;

/** A change that waits for a second person. */
export type Pending = NonNullable<PartnerApproval["pending"]>;

/** Which identity of a Partner counts in production. */
export interface IdentityState {
  /** Whether one of its groups is in a production Region; others wait for nobody. */
  readonly guarded: boolean;
  readonly approved: Approved | undefined;
  /** What waits, or what one person alone has done and a second one has not looked at. */
  readonly pending: Pending | undefined;
}

/**
 * Which identity fields production serves, and what waits for an Approval.
 *
 * A change that only takes away takes effect at once: nobody should wait to withdraw a stolen key. Everything else
 * leaves what was approved in place until a second person agrees to exactly this change.
 */
export function identityState(partner: PartnerObject, world: PartnerWorld, now: Date): IdentityState {
  const before = partner.status?.approval?.approved;
  const guarded = world.groups.some(
    ({ name, production }) => production && partner.spec.groups.includes(name),
  );
  if (!guarded) return { guarded, approved: before, pending: undefined };
  const wanted = identityOf(partner.spec);
  const hash = identityHash(wanted);
  const requestedBy = partner.metadata.annotations?.[REQUESTED_BY];
  const change = { uid: partner.metadata.uid, hash, requestedBy };
  const valid = world.approvals.filter((each) => verdictOf(each, change, now).counts);
  const approval = valid.find(({ spec }) => !spec.breakGlass) ?? valid[0];
  const approved = approval && evidence(approval, wanted, now);
  if (before?.hash === hash) {
    // What one person did alone is settled by a second one, and by nobody else.
    const reviewed =
      before.breakGlass && approved && !approved.breakGlass && approved.approver !== before.approver;
    const settled = reviewed ? approved : before;
    return {
      guarded,
      approved: settled,
      pending: settled.breakGlass ? pendingOf(partner, before, wanted) : undefined,
    };
  }
  if (approved) {
    const pending = approved.breakGlass ? pendingOf(partner, approved, wanted) : undefined;
    return { guarded, approved, pending };
  }
  if (before && isWithin(wanted, before.identity))
    return { guarded, approved: { ...before, hash, identity: wanted }, pending: undefined };
  return { guarded, approved: before, pending: pendingOf(partner, before, wanted) };
}

function evidence({ metadata, spec }: ApprovalObject, identity: PartnerIdentity, now: Date): Approved {
  return {
    hash: spec.hash,
    approval: metadata.name,
    approver: spec.approver,
    requestedBy: spec.requestedBy,
    at: now.toISOString(),
    breakGlass: spec.breakGlass,
    reason: spec.reason,
    identity,
  };
}

function pendingOf(partner: PartnerObject, served: Approved | undefined, wanted: PartnerIdentity): Pending {
  const { namespace = "", name, uid = "", annotations } = partner.metadata;
  const hash = identityHash(wanted);
  const requestedBy = annotations?.[REQUESTED_BY];
  const changes = changedFields(served?.identity, wanted);
  if (requestedBy === undefined) return { hash, changes };
  const request = {
    apiVersion: API_VERSION,
    kind: "Approval",
    metadata: { generateName: `${name.slice(0, 40)}-` },
    spec: {
      subject: { kind: "Partner", namespace, name, uid },
      hash,
      requestedBy,
      approver: "APPROVER",
      reason: "REASON",
    },
  };
  return { hash, changes, requestedBy, request: JSON.stringify(request) };
}

/** What a second person types to agree, as one line for a shell. */
export function approvalCommand({ metadata: { namespace, name } }: PartnerObject): string {
  const request = `kubectl get partner ${name} --namespace ${namespace} --output jsonpath='{.status.approval.pending.request}'`;
  const me = "$(kubectl auth whoami --output jsonpath='{.status.userInfo.username}')";
  return `${request} | sed "s|APPROVER|${me}|; s|REASON|why it is right|" | kubectl create --filename -`;
}

/** What whoever made the change types to stand for it. */
export function requesterCommand({ metadata: { namespace, name } }: PartnerObject): string {
  const me = `"$(kubectl auth whoami --output jsonpath='{.status.userInfo.username}')"`;
  return `kubectl annotate partner ${name} --namespace ${namespace} --overwrite ${REQUESTED_BY}=${me}`;
}
