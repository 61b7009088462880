import type { Queries } from "../postgres.ts";
import type { Position } from "./positions.ts";

/** Of a primary: up to where its log is safe, which is past everything that anybody saw as committed. Of a standby: how far it is. */
const POSITION = `select pg_is_in_recovery() as standby, s.system_identifier || '/' || c.timeline_id as cluster,
    (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end - '0/0'::pg_lsn)::text as "end"
  from pg_control_system() s, pg_control_checkpoint() c`;

/**
 * Where a server's log ends.
 *
 * @param role what it is to be.
 * @throws Error when it is not that.
 */
export async function positionOf(queries: Queries, role: "primary" | "standby"): Promise<Position> {
  const { rows } = await queries.query<{
    readonly standby: boolean;
    readonly cluster: string;
    readonly end: string | null;
  }>(POSITION);
  const [row] = rows;
  if (row === undefined || row.standby !== (role === "standby") || row.end === null)
    throw new Error(`The database is not the ${role} it is to be; see the pods postgres and postgres-read.`);
  return { cluster: row.cluster, end: BigInt(row.end) };
}
