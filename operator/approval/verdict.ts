import type { ApprovalReason } from "../../crds/approval.ts";
import type { ApprovalObject } from "../../crds/resources.ts";

/** A change that wants a second person's yes. */
export interface PendingChange {
  /** metadata.uid of the changed resource. */
  readonly uid: string | undefined;
  /** Of what the change makes of it. */
  readonly hash: string;
  /** Who made it; undefined when nobody has said so. */
  readonly requestedBy: string | undefined;
}

/** Whether an Approval counts for a change. */
export type ApprovalVerdict =
  | { readonly counts: true }
  | { readonly counts: false; readonly reason: ApprovalReason; readonly message: string };

type Check = (
  approval: ApprovalObject,
  change: PendingChange,
  now: Date,
) => Extract<ApprovalVerdict, { readonly counts: false }> | undefined;

const against = (reason: ApprovalReason, message: string) => ({ counts: false, reason, message }) as const;

const replaced: Check = ({ spec }, { uid }) =>
  uid === spec.subject.uid
    ? undefined
    : against(
        "SubjectReplaced",
        `It is for ${spec.subject.name} of UID ${spec.subject.uid}; the one that is there has UID ${uid ?? "none"}.`,
      );

const otherChange: Check = ({ spec }, { hash }) =>
  hash === spec.hash
    ? undefined
    : against("NothingPending", "The change it approves is not, or no longer, the one that waits.");

const otherRequester: Check = ({ spec }, { requestedBy }) =>
  requestedBy === spec.requestedBy
    ? undefined
    : against(
        "RequesterDiffers",
        `It names ${spec.requestedBy} as requester, and the change was requested by ${requestedBy ?? "nobody known"}.`,
      );

/** What admission refuses is refused here again: a policy can be removed, and objects from before it are still there. */
const onePerson: Check = ({ spec }) => {
  const robot = spec.approver.startsWith("system:");
  const alone = spec.approver === spec.requestedBy && !spec.breakGlass;
  if (!robot && !alone) return undefined;
  const who = robot ? "is no person" : "requested the change";
  return against("NotASecondPerson", `Its approver ${spec.approver} ${who}; a second person has to approve.`);
};

const expired: Check = (approval, _change, now) => {
  const end = expiryOf(approval);
  return end.getTime() > now.getTime()
    ? undefined
    : against("Expired", `It could be used until ${end.toISOString()}; create another if it still holds.`);
};

/** In order: the first finding wins. */
const checks: readonly Check[] = [replaced, otherChange, otherRequester, onePerson, expired];

/** Whether an Approval lets a change take effect now. */
export function verdictOf(approval: ApprovalObject, change: PendingChange, now: Date): ApprovalVerdict {
  for (const check of checks) {
    const finding = check(approval, change, now);
    if (finding) return finding;
  }
  return { counts: true };
}

/** Until when an Approval can be used. What has taken effect by then stays. */
export function expiryOf({ metadata, spec }: ApprovalObject): Date {
  return new Date(Date.parse(metadata.creationTimestamp ?? "") + spec.validForHours * 3_600_000);
}
