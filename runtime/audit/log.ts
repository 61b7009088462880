import { escapeIdentifier } from "pg";
import { EMPTY, type Frontier, KEPT_LEVELS, type Node } from "./tree/frontier.ts";
import { splitHashes } from "./tree/hash.ts";
import type { ReadNodes } from "./tree/proof.ts";
import type { Queries } from "../service/postgres.ts";

/** The last row taken of a source: ids grow within a transaction, not between those that ran side by side. */
export interface Cursor {
  readonly xid: string;
  readonly id: string;
}
/** By source: the schema of a service. */
export type Cursors = Readonly<Record<string, Cursor>>;

/** What was signed last, and what the next one starts from. */
export interface Head {
  readonly frontier: Frontier;
  readonly at: Date;
  readonly epoch: number;
  readonly cursors: Cursors;
  /** Signed note; empty before the first. */
  readonly note: string;
}

const NOTHING: Head = { frontier: EMPTY, at: new Date(0), epoch: 0, cursors: {}, note: "" };

/** A checkpoint about to be kept, with the leaves it adds. */
export interface Addition extends Head {
  readonly from: number;
  readonly root: Buffer;
  /** Hashes of the new leaves. */
  readonly leaves: Buffer;
  readonly nodes: readonly Node[];
}

interface HeadRow {
  readonly size: string;
  readonly frontier: Buffer;
  readonly at: Date;
  readonly epoch: string;
  readonly cursors: Cursors;
  readonly note: string;
}

/** The newest checkpoint of at most `size` leaves, or the beginning of the log. */
export async function headOf(queries: Queries, size = Number.MAX_SAFE_INTEGER): Promise<Head> {
  const { rows } = await queries.query<HeadRow>(
    "select size, frontier, at, epoch, cursors, note from checkpoint where size <= $1 order by size desc limit 1",
    [size],
  );
  const [row] = rows;
  if (row === undefined) return NOTHING;
  return {
    ...row,
    frontier: { size: Number(row.size), hashes: splitHashes(row.frontier) },
    epoch: Number(row.epoch),
  };
}

/**
 * The schemas whose leaves belong into the log: every one with an `audit_leaf` table that the audit role may read, in
 * order of their names. A service joins by a grant.
 */
export async function sourcesOf(queries: Queries): Promise<readonly string[]> {
  const { rows } = await queries.query<{ source: string }>(
    `select nspname as source from pg_class c join pg_namespace n on n.oid = relnamespace
     where relname = 'audit_leaf' and relkind in ('r', 'p')
       and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
     order by nspname`,
  );
  return rows.map(({ source }) => source);
}

/**
 * Has rows of sources read in the order of their index until the transaction ends, and sorted in memory: without statistics, as
 * of a table that is new or has just been filled, all rows that wait would be sorted on disk for each batch of them.
 */
export async function readInOrder(tx: Queries): Promise<void> {
  await tx.query(
    `select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
       set_config('work_mem', '32MB', true)`,
  );
}

/**
 * Moves rows of a source that no transaction under way can precede into the log.
 *
 * @param from index of the first.
 * @returns their hashes in order, and the cursor after them; undefined when there are none.
 */
export async function takeLeaves(
  tx: Queries,
  source: string,
  {
    after,
    from,
    at,
    limit,
  }: { readonly after: Cursor; readonly from: number; readonly at: Date; readonly limit: number },
): Promise<{ readonly hashes: Buffer; readonly cursor: Cursor } | undefined> {
  // Every transaction below the snapshot's xmin has ended: its rows are all here, and there will be no more. By xid
  // nothing is left behind, though ids commit out of order; within what is taken, ids keep a subject's order. The last row is
  // looked for apart: a sort would carry all the hashes along with each row.
  const { rows } = await tx.query<{ hashes: Buffer | undefined; xid: string; id: string }>(
    `with taken as materialized (
       select xid, id, at, subject, leaf, hash from ${escapeIdentifier(source)}.audit_leaf
       where (xid, id) > ($1::xid8, $2::bigint) and xid < pg_snapshot_xmin(pg_current_snapshot())
       order by xid, id limit $3
     ), added as (
       insert into leaf (index, sequenced_at, source, source_id, at, subject, leaf, hash)
       select $4::bigint - 1 + row_number() over (order by id), $5, $6, id, at, subject, leaf, hash from taken
       returning index, hash
     )
     select (select string_agg(hash, '' order by index) from added) as hashes, xid::text, id
     from (select xid, id from taken order by xid desc, id desc limit 1) as last`,
    [after.xid, after.id, limit, from, at, source],
  );
  const [row] = rows;
  if (row?.hashes === undefined) return undefined;
  return { hashes: row.hashes, cursor: { xid: row.xid, id: row.id } };
}

/** Keeps a checkpoint with the nodes that its leaves made full. */
export async function addCheckpoint(tx: Queries, addition: Addition): Promise<void> {
  const { nodes, frontier, from, at, epoch, root, leaves, cursors, note } = addition;
  if (nodes.length > 0) {
    await tx.query(
      "insert into node (level, index, hash) select * from unnest($1::int[], $2::bigint[], $3::bytea[])",
      [nodes.map(({ level }) => level), nodes.map(({ index }) => index), nodes.map(({ hash }) => hash)],
    );
  }
  await tx.query(
    `insert into checkpoint (size, from_size, at, epoch, root, frontier, leaves, cursors, note)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [frontier.size, from, at, epoch, root, Buffer.concat(frontier.hashes), leaves, cursors, note],
  );
}

/** Reads what proofs are made of. Leaves' hashes come from the checkpoints, not from the rows they are to prove. */
export function nodeReader(queries: Queries): ReadNodes {
  return async (level, from, count) => {
    const { rows } =
      level % KEPT_LEVELS === 0 && level > 0
        ? await queries.query<{ hash: Buffer }>(
            "select hash from node where level = $1 and index >= $2 and index < $2 + $3 order by index",
            [level, from, count],
          )
        : await queries.query<{ hash: Buffer }>(
            `select substring(leaves from 32 * greatest($1 - from_size, 0)::int + 1
               for 32 * (least(size, $1 + $2) - greatest(from_size, $1))::int) as hash
             from checkpoint
             where from_size < $1 + $2 and from_size >=
               (select from_size from checkpoint where from_size <= $1 order by from_size desc limit 1)
             order by from_size`,
            [from, count],
          );
    return splitHashes(Buffer.concat(rows.map(({ hash }) => hash)));
  };
}
