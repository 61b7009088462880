import { AsyncLocalStorage } from "node:async_hooks";
import type pg from "pg";
import { openConnections, queriesOf, type DatabaseOptions, type Queries } from "../postgres.ts";
import { positionOf } from "./position-of.ts";
import { rememberPositions } from "./positions.ts";

/** How far what a replica answers may be behind the primary, in ms. */
export const BOUND_MS = 1_000;
/** How often the primary is asked where it is, in ms. */
export const LOOK_MS = 250;
/** A connection whose server was known to be this far is asked again, in ms. */
const ASK_AGAIN_MS = 500;
/** How long it is remembered where the primary was, in ms: as far as a lag can be told. */
const REMEMBERED_MS = 60_000;

/** Who answered a read, and why it was not the replica. */
export type Source =
  | "replica"
  /** No replica answers. */
  | "away"
  /** It is more than {@link BOUND_MS} behind, or nobody can tell. */
  | "behind"
  /** It answered, but with a refusal or an error: those are the primary's to say. */
  | "asked-again"
  /** It was not asked, as the call has connections of its own. */
  | "own-connections";

/** Reads that a replica answers where it can, and the primary everywhere else. */
export interface ReplicaReads {
  /** What reads are sent to: during {@link read} the replica, if it was chosen, else the primary. */
  readonly queries: Queries;
  /**
   * Does what only reads and answers, over one connection to the replica if what it has is at most {@link BOUND_MS} behind
   * the primary; else, and again when that fails in any way, on the primary. So it may be done twice.
   */
  read<T>(work: () => Promise<T>): Promise<T>;
  /** Counts a read that goes to the primary, whatever the replica could. */
  passedBy(): void;
  /** Asks the primary and a replica where they are. @throws what the primary answered. */
  look(): Promise<void>;
  /** How far behind the replica that was asked last was at that time and has been since, in ms; undefined: longer than is known. */
  lagMs(): number | undefined;
  close(): Promise<void>;
}

/** How replicas are reached, and who is told. */
export interface ReplicaReadsOptions extends DatabaseOptions {
  readonly primary: Queries;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  readonly onRead: (source: Source) => void;
}

/** Connections to replicas. Until {@link ReplicaReads.look} has found one that is near, the primary answers everything. */
export function replicaReads({ primary, clock, onRead, ...options }: ReplicaReadsOptions): ReplicaReads {
  const { log } = options;
  // Whoever waits in vain still has the primary to ask. Connections live for minutes, so that a new replica gets its part.
  const patience = { connectMs: 250, statementMs: 1_000, answerMs: 1_000, lifeSeconds: 300 };
  const { pool, close } = openConnections({ ...patience, ...options });
  pool.on("connect", (client) => client.on("error", (error) => log.warn({ err: error }, "replica lost")));
  const positions = rememberPositions(REMEMBERED_MS);
  /** What has been replayed over a connection stays so: a server only goes on. */
  const seen = new WeakMap<pg.PoolClient, number>();
  const current = new AsyncLocalStorage<Queries>();
  let state: "near" | "behind" | "away" = "away";
  let asOf: number | undefined;

  const isNear = (client: pg.PoolClient): boolean => clock() - (seen.get(client) ?? -Infinity) <= BOUND_MS;

  /** A connection to a replica that is near enough, or undefined: then the next connection may lead to another. */
  const borrow = async (askAgainMs: number): Promise<pg.PoolClient | undefined> => {
    const client = await pool.connect();
    try {
      const known = seen.get(client);
      if (known === undefined || clock() - known > askAgainMs) {
        asOf = positions.asOf(await positionOf(queriesOf(client), "standby"));
        if (asOf !== undefined) seen.set(client, asOf);
      }
      if (isNear(client)) return client;
      client.release(true);
      return undefined;
    } catch (error) {
      client.release(true);
      throw error;
    }
  };
  const turn = (next: typeof state, error?: unknown): void => {
    if (next !== state)
      log[next === "near" ? "info" : "warn"]({ replica: next, err: error }, "reads of the replica");
    state = next;
  };
  const borrowNow = async (askAgainMs: number): Promise<pg.PoolClient | undefined> => {
    try {
      const client = await borrow(askAgainMs);
      turn(client === undefined ? "behind" : "near");
      return client;
    } catch (error) {
      turn("away", error);
      return undefined;
    }
  };

  const onPrimary = async <T>(source: Source, work: () => Promise<T>): Promise<T> => {
    onRead(source);
    return work();
  };

  return {
    queries: { query: (text, values) => (current.getStore() ?? primary).query(text, values) },
    async read(work) {
      if (current.getStore() !== undefined) return work();
      // Whoever calls never waits for a replica that is known to be away: looking at it is not their work.
      const client = state === "near" ? await borrowNow(ASK_AGAIN_MS) : undefined;
      if (client === undefined) return onPrimary(state === "away" ? "away" : "behind", work);
      let asked = false;
      let failed: unknown;
      const replica: Queries = {
        async query(text, values) {
          asked = true;
          try {
            if (!isNear(client)) throw new Error("The replica fell behind while it was read.");
            return await queriesOf(client).query(text, values);
          } catch (error) {
            failed = error;
            throw error;
          }
        },
      };
      try {
        const value = await current.run(replica, work);
        onRead("replica");
        return value;
      } catch (error) {
        if (!asked) throw error;
      } finally {
        client.release(failed !== undefined);
        if (failed !== undefined) turn("away", failed);
      }
      return onPrimary("asked-again", work);
    },
    passedBy: () => onRead("own-connections"),
    async look() {
      const at = clock();
      positions.told(await positionOf(primary, "primary"), at);
      (await borrowNow(0))?.release();
    },
    lagMs: () => (asOf === undefined ? undefined : clock() - asOf),
    close,
  };
}
