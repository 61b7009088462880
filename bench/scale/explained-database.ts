import type { Client, QueryResult } from "pg";
import type { Database, Queries } from "../../runtime/service/postgres.ts";
import type { Explained, PlanNode } from "./plan.ts";

/** Settings of a database whose server tells every session how it carried out what it was sent. */
export const EXPLAINING = {
  session_preload_libraries: "auto_explain",
  "auto_explain.log_min_duration": "0",
  "auto_explain.log_analyze": "on",
  "auto_explain.log_buffers": "on",
  "auto_explain.log_timing": "off",
  "auto_explain.log_nested_statements": "on",
  "auto_explain.log_format": "json",
  "auto_explain.log_level": "notice",
} as const;

/** How a service's statements were carried out, those of functions and triggers included. */
export interface ExplainedDatabase extends Database {
  /** Everything since the last call. */
  taken(): readonly Explained[];
}

/**
 * A service's database over one connection: one thing at a time, and everything that a session has to learn is learned
 * once.
 *
 * @param client logged in as the service where {@link EXPLAINING} holds; ended by `close`.
 */
export function explainedDatabase(client: Client): ExplainedDatabase {
  let taken: Explained[] = [];
  client.on("notice", ({ message = "", where = "" }) => {
    const [, json] = /^duration: .*? plan:\n(.*)$/s.exec(message) ?? [];
    if (json === undefined) return;
    const told = JSON.parse(json) as { readonly "Query Text": string; readonly Plan: PlanNode };
    taken.push({ text: told["Query Text"], plan: told.Plan, depth: depthOf(where) });
  });
  // Services ask several things at once, of a pool; a client that is asked while it has not answered yet warns of that.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (text: string, values?: unknown[]): Promise<QueryResult> => {
    const answer = last.then(() => client.query(text, values));
    last = answer.catch(() => undefined);
    return answer;
  };
  const queries: Queries = {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const { rows, rowCount } = await inTurn(text, [...values]);
      return { rows: rows as Row[], count: rowCount ?? 0 };
    },
  };
  return {
    ...queries,
    async transaction(work) {
      await inTurn("begin");
      try {
        const value = await work(queries);
        await inTurn("commit");
        return value;
      } catch (error) {
        await inTurn("rollback");
        throw error;
      }
    },
    close: () => client.end(),
    taken() {
      const all = taken;
      taken = [];
      return all;
    },
  };
}

/** Frames of the server's call stack. */
function depthOf(where: string): number {
  return where
    .split("\n")
    .filter((line) => /^(PL\/pgSQL function|SQL function|SQL statement|SQL expression) /.test(line)).length;
}
