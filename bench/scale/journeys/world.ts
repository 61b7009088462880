import type { LoginRole } from "../../../runtime/database/roles.ts";
import type { StackDatabase } from "../../../runtime/database/testing/stack-database.ts";
import type { ExplainedDatabase } from "../explained-database.ts";

/** Who sends statements. */
export type Sender = Exclude<LoginRole, "migrator">;

/** What a journey goes through: a filled database, as each service sees it. */
export interface World {
  readonly stack: StackDatabase;
  readonly as: Readonly<Record<Sender, ExplainedDatabase>>;
  /** When the lives that were made up end. */
  readonly at: Date;
  /** Counts the repetitions: what is made new needs a new name each time. */
  readonly round: number;
}
