import { asSuperuser } from "../../runtime/database/bootstrap.ts";
import { login } from "../../runtime/database/login.ts";
import type { StackDatabase } from "../../runtime/database/testing/stack-database.ts";
import { EXPLAINING, explainedDatabase, type ExplainedDatabase } from "./explained-database.ts";
import { auditJourney } from "./journeys/audit.ts";
import { bankingJourney } from "./journeys/banking.ts";
import { consentJourney } from "./journeys/consent.ts";
import { eventsJourney } from "./journeys/events.ts";
import { oauthJourney } from "./journeys/oauth.ts";
import { privacyJourney } from "./journeys/privacy.ts";
import type { Sender, World } from "./journeys/world.ts";
import { costsOf, type Cost } from "./plan.ts";

/** A statement as it was sent, and what it cost. */
export interface Sent extends Cost {
  /** Of the session: whether plans are made for the values at hand, or once for any. */
  readonly planMode: PlanMode;
  /** Sent by a function or a trigger. */
  readonly nested: boolean;
}

/** Values of `plan_cache_mode`. */
const PLAN_MODES = ["auto", "force_generic_plan"] as const;
type PlanMode = (typeof PLAN_MODES)[number];

const SENDERS: readonly Sender[] = ["oauth", "consent", "banking", "events", "audit", "seed"];

/** Goes through everything that the services do in a filled database, and tells what each statement cost. */
export async function sentIn(stack: StackDatabase, at: Date): Promise<readonly Sent[]> {
  const as = await loginExplained(stack);
  const databases = Object.entries(as);
  const world = { stack, as, at };
  try {
    // What a session reads of the catalogue when it does something for the first time is no statement's cost.
    const first = await roundsOf(stack);
    await journey({ ...world, round: first });
    const sent: Sent[] = [];
    for (const [n, planMode] of PLAN_MODES.entries()) {
      for (const [, database] of databases) {
        await database.query(`set plan_cache_mode = ${planMode}`);
        database.taken();
      }
      await journey({ ...world, round: first + n + 1 });
      for (const [, database] of databases) {
        const explained = database.taken();
        const costs = costsOf(explained);
        sent.push(...costs.map((cost, i) => ({ ...cost, planMode, nested: (explained[i]?.depth ?? 0) > 0 })));
      }
    }
    return sent;
  } finally {
    for (const [, database] of databases) await database.close();
  }
}

/** How often the journeys were gone through in this database. */
async function roundsOf(stack: StackDatabase): Promise<number> {
  const { rows } = await asSuperuser(stack.agent.socket, "wekeza", (client) =>
    client.query<{ rounds: number }>(
      "select count(*)::int as rounds from banking.customers where id > 'new-' and id < 'new.'",
    ),
  );
  return rows[0]?.rounds ?? 0;
}

/** Logs in as every sender, with a server that tells how it carries out what it is sent. */
export async function loginExplained(stack: StackDatabase): Promise<World["as"]> {
  await asSuperuser(stack.agent.socket, "wekeza", async (client) => {
    for (const [name, value] of Object.entries(EXPLAINING))
      await client.query(`alter database wekeza set ${name} = '${value}'`);
  });
  const databases = await Promise.all(
    SENDERS.map(async (role): Promise<readonly [Sender, ExplainedDatabase]> => {
      const identity = await stack.identity(role);
      return [role, explainedDatabase(await login({ database: stack.database, role, identity }))];
    }),
  );
  return Object.fromEntries(databases) as World["as"];
}

async function journey(world: World): Promise<void> {
  await oauthJourney(world);
  await consentJourney(world);
  await bankingJourney(world);
  await eventsJourney(world);
  await auditJourney(world);
  await privacyJourney(world);
}
