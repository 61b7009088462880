import type { Roster } from "../../crds/shard.ts";
import type { ChangeConsent } from "./registry.ts";
import type { ConsentStore } from "./store.ts";

/** Consents changed in one go; what is left waits for the next. */
const BATCH = 500;

/** Writes down the end of consents whose time is over. Several replicas may do so at once. @returns how many it found. */
export async function expireOverdue(store: ConsentStore, change: ChangeConsent, now: Date): Promise<number> {
  const ids = await store.overdue(now, BATCH);
  for (const id of ids) await change(id, { do: "expire" }, { kind: "bank" });
  return ids.length;
}

/**
 * Ends the living consents of partners that the roster no longer lists; their rows stay.
 *
 * Does nothing without a roster: not to know of a partner is not to know of its end.
 *
 * @returns how many it found.
 */
export async function endFormerPartners(
  store: ConsentStore,
  change: ChangeConsent,
  roster: Roster | undefined,
): Promise<number> {
  if (roster === undefined) return 0;
  const ids = await store.ofOthers(
    roster.partners.map(({ clientId }) => clientId),
    BATCH,
  );
  for (const id of ids) await change(id, { do: "endPartner" }, { kind: "bank" });
  return ids.length;
}
