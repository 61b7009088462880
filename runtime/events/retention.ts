import type { Queries } from "../service/postgres.ts";

/** Rows that one call forgets at most, of each kind. */
export const FORGOTTEN_AT_ONCE = 100;

/** What was too old to be kept. */
export interface Forgotten {
  readonly events: number;
  /** News that no partner had taken in all that time. */
  readonly untaken: number;
  /** Lines of the delivery log. */
  readonly pushes: number;
}

/**
 * Forgets the oldest events, with the news of them, and the oldest pushes: what happened more than 90 days ago. What is being
 * pushed stays until it is accepted or given up, and what has not been written to the stream until it is.
 *
 * @param stream that is fed from the log; undefined when there is none.
 * @returns how many; {@link FORGOTTEN_AT_ONCE} of a kind means that there may be more.
 */
export async function forgetOnce(database: Queries, stream: string | undefined): Promise<Forgotten> {
  const { rows } = await database.query<Forgotten>("select events, untaken, pushes from forget($1)", [
    stream,
  ]);
  return rows[0] ?? { events: 0, untaken: 0, pushes: 0 };
}
