import type pg from "pg";
import type { ServiceIdentity } from "../../service/identity.ts";
import { connected } from "../connect.ts";
import { STANDBY } from "../roles.ts";
import type { StandbyOf } from "./connection.ts";

/** What a primary says to a read replica, apart from its log. */
export interface PrimaryWord {
  /** Which database it is, for ever: its system identifier. */
  readonly system: string;
  /** Whether it keeps its log for the replica: `lost` when that became more than it may keep, `none` when it knows of no replica. */
  readonly slot: "kept" | "lost" | "none";
}

/** Asks the primary. @throws Error when it does not answer or lets nobody in. */
export function askPrimary(standby: StandbyOf, identity: ServiceIdentity): Promise<PrimaryWord> {
  return overReplication(standby, identity, async (client) => {
    const system = (await client.query<{ systemid: string }>("IDENTIFY_SYSTEM")).rows[0]?.systemid;
    if (system === undefined) throw new Error("The primary does not say which database it is.");
    const [slot] = (
      await client.query<{ slot_type: string | null; restart_lsn: string | null }>(
        `READ_REPLICATION_SLOT ${standby.slot}`,
      )
    ).rows;
    if (!slot?.slot_type) return { system, slot: "none" };
    return { system, slot: slot.restart_lsn === null ? "lost" : "kept" };
  });
}

/** Has the primary keep its log from now on, for a new copy under the same name. @throws as {@link askPrimary}. */
export async function beginSlot(standby: StandbyOf, identity: ServiceIdentity): Promise<void> {
  const { slot } = await askPrimary(standby, identity);
  await overReplication(standby, identity, async (client) => {
    // WAIT: until the connection of a replica that was killed is found dead.
    if (slot !== "none") await client.query(`DROP_REPLICATION_SLOT ${standby.slot} WAIT`);
    await client.query(`CREATE_REPLICATION_SLOT ${standby.slot} PHYSICAL RESERVE_WAL`);
  });
}

function overReplication<T>(
  { primary, slot }: StandbyOf,
  identity: ServiceIdentity,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { key, cert, ca } = identity.current();
  const config = {
    ...primary,
    user: STANDBY.role,
    ssl: { key, cert, ca, minVersion: "TLSv1.3" as const },
    application_name: `${slot}_agent`,
    query_timeout: 15_000,
    // Understood by the client, and unknown to its types.
    replication: "true",
  };
  return connected(config, use);
}
