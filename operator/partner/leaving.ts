import type { PartnerObject } from "../../crds/resources.ts";
import { leavingConditions } from "./conditions.ts";
import { revokedAtLeaving } from "./revocation.ts";
import type { PlannedPartnerStatus } from "./status.ts";
import type { GroupWorld, PartnerWorld } from "./world.ts";

/**
 * The groups a Partner has not left yet: their roster lists it, or cannot be seen.
 *
 * The order of leaving is the safety argument: first every roster, which ends the partner's consents, and only when
 * none lists it any more does the Partner go. Rosters see the deletion by themselves. A region that is away is waited
 * for; nothing else is held up by it.
 */
export function stillListed({ clientId, groups }: PartnerWorld): readonly GroupWorld[] {
  const lists = ({ roster, own }: GroupWorld): boolean =>
    [roster, own?.roster].some((each) => each?.partners.some((entry) => entry.clientId === clientId));
  return groups.filter((group) => group.stack === "away" || (group.stack !== "missing" && lists(group)));
}

/** Status of a Partner that is going: what was known, and what it still waits for. */
export function leavingStatus(partner: PartnerObject, world: PartnerWorld, now: Date): PlannedPartnerStatus {
  const { status } = partner;
  const revoked = revokedAtLeaving(partner, now);
  const open = stillListed(world);
  const problem = open.find(({ stack }) => stack === "away")?.problem ?? "";
  const message =
    open.length === 0
      ? "It has left every roster; its settings are being removed."
      : `It is leaving the rosters of ${open.map(({ name }) => name).join(", ")}. ${problem}`.trim();
  return {
    clientId: world.clientId,
    ...(status?.certificates ? { certificates: status.certificates } : {}),
    ...(revoked.length === 0 ? {} : { revoked }),
    ...(status?.groups ? { groups: status.groups } : {}),
    summary: "Deleting",
    conditions: leavingConditions(message),
  };
}
