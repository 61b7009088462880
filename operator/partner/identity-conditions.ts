import type { PartnerObject } from "../../crds/resources.ts";
import { approvalCommand, type IdentityState, requesterCommand } from "./approval.ts";
import { type PartnerCondition, statement } from "./conditions.ts";

/** What is to be said about the approval of identity fields: nothing where no group is a production one. */
export function identityConditions(
  partner: PartnerObject,
  { guarded, approved, pending }: IdentityState,
): readonly PartnerCondition[] {
  if (!guarded) return [];
  if (pending && !(approved?.breakGlass && approved.hash === pending.hash)) {
    const fields = pending.changes.join(", ");
    const meanwhile = approved
      ? `${approved.approval} is served meanwhile`
      : "nothing is served in production before";
    if (pending.requestedBy === undefined) {
      const message = `Who changed ${fields} is not known; ${meanwhile}. That person runs: ${requesterCommand(partner)}`;
      return [statement("Approved", "False", { reason: "RequesterUnknown", message })];
    }
    const message = `The change of ${fields} by ${pending.requestedBy} needs the Approval of a second person; ${meanwhile}. Any other person runs: ${approvalCommand(partner)}`;
    return [statement("Approved", "False", { reason: "ApprovalNeeded", message })];
  }
  if (!approved) return [];
  const who = `${approved.approver} approved what ${approved.requestedBy} requested (Approval ${approved.approval}, ${approved.at})`;
  const yes = statement("Approved", "True", { reason: "Approved", message: `${who}.` });
  if (!approved.breakGlass) return [yes];
  const message = `${who} by breaking the glass: ${JSON.stringify(approved.reason)} A second person looks at it and runs: ${approvalCommand(partner)}`;
  return [yes, statement("Reviewed", "False", { reason: "BreakGlass", message })];
}
