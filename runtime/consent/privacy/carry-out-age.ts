import type { Log } from "../../service/logger.ts";
import type { Database, Queries } from "../../service/postgres.ts";
import { decideByAge, type AgeFacts, type AgeRule } from "./age.ts";
import { eraseConsent, paidUnder } from "./erase-consent.ts";
import { tell, type PrivacyEvent } from "./events.ts";

/** Consents looked at in one transaction, and requests and holds forgotten in one. */
export const LOOKED_AT_ONCE = 100;
/** How much later a consent is looked at again that could not be erased, in ms. */
const AGAIN_MS = 86_400_000;

/** What was too old to be kept, and is gone. */
export interface Aged {
  readonly what: NonNullable<PrivacyEvent["what"]>;
  readonly rule: AgeRule | "proof";
  readonly count: number;
}

/** What one look came to. */
export interface AgeLook {
  /** Consents that were looked at; {@link LOOKED_AT_ONCE} means that there may be more. */
  readonly looked: number;
  readonly gone: readonly Aged[];
}

/**
 * Looks at the consents whose time may be over and erases those whose time is, each with its payments, though nobody asked for it: one
 * transaction, with a leaf for each rule that says how many. It goes by the database's clock alone. Several replicas may do so at once.
 *
 * One that cannot be erased is said in the log, and looked at again a day later.
 */
export function eraseByAge(database: Database, log: Log): Promise<AgeLook> {
  return database.transaction(async (tx) => {
    const now = await clockOf(tx);
    const { rows: due } = await tx.query<{ readonly consent: string }>(
      "select consent from ages where look_at <= $1 order by look_at limit $2 for update skip locked",
      [now, LOOKED_AT_ONCE],
    );
    const counts = new Map<AgeRule, number>();
    const later: { readonly consent: string; readonly lookAt: Date }[] = [];
    for (const facts of await factsOf(
      tx,
      due.map(({ consent }) => consent),
      now,
    )) {
      const { id: consent } = facts.consent;
      const decision = decideByAge(facts, now);
      if (decision.do === "keep") later.push({ consent, lookAt: decision.lookAt });
      else if (await couldErase(tx, { consent, now, log }))
        counts.set(decision.rule, (counts.get(decision.rule) ?? 0) + 1);
      else later.push({ consent, lookAt: new Date(now.getTime() + AGAIN_MS) });
    }
    await tx.query(
      `update ages a set look_at = l.at from unnest($1::text[], $2::timestamptz[]) as l (consent, at)
       where a.consent = l.consent`,
      [later.map(({ consent }) => consent), later.map(({ lookAt }) => lookAt)],
    );
    const gone = [...counts].map(([rule, count]): Aged => ({ what: "consents", rule, count }));
    await tellOf(tx, gone, now);
    return { looked: due.length, gone };
  });
}

/**
 * Forgets what customers asked, and holds that are over, once nobody needs the proof any more. It goes by the database's clock.
 *
 * @returns what is gone; {@link LOOKED_AT_ONCE} of a kind means that there may be more.
 */
export function forgetProofs(database: Database): Promise<readonly Aged[]> {
  return database.transaction(async (tx) => {
    const now = await clockOf(tx);
    const { rows } = await tx.query<{ readonly requests: number; readonly holds: number }>(
      "select requests, holds from forget_asked($1)",
      [LOOKED_AT_ONCE],
    );
    const { requests = 0, holds = 0 } = rows[0] ?? {};
    const gone = Object.entries({ requests, holds })
      .filter(([, count]) => count > 0)
      .map(([what, count]): Aged => ({ what: what as Aged["what"], rule: "proof", count }));
    await tellOf(tx, gone, now);
    return gone;
  });
}

async function clockOf(tx: Queries): Promise<Date> {
  const { rows } = await tx.query<{ readonly now: Date }>("select now() as now");
  const [row] = rows;
  if (row === undefined) throw new Error("The database has no clock.");
  return row.now;
}

async function tellOf(tx: Queries, gone: readonly Aged[], now: Date): Promise<void> {
  for (const { what, rule, count } of gone)
    await tell(tx, what, {
      type: "privacy.aged",
      at: now.toISOString(),
      actor: { kind: "bank" },
      what,
      rule,
      count,
    });
}

/** Those of customers about whom something is being done are left for the next look. */
async function factsOf(tx: Queries, ids: readonly string[], now: Date): Promise<readonly AgeFacts[]> {
  const { rows: locked } = await tx.query<{ readonly customer: string }>(
    `select try_lock_customers(array(
       select distinct customer from consents where id = any ($1) and customer is not null)) as customer`,
    [ids],
  );
  const { rows } = await tx.query<AgeFacts["consent"] & { readonly heldUntil: Date | null }>(
    `select id, kind, state, state_updated_at as "stateUpdatedAt", customer, jurisdiction_of(policy) as jurisdiction,
       held_until(customer, $3) as "heldUntil"
     from consents where id = any ($1) and (customer is null or customer = any ($2))`,
    [ids, locked.map(({ customer }) => customer), now],
  );
  const paid = await paidUnder(
    tx,
    rows.map(({ id }) => id),
  );
  return rows.map(({ heldUntil, customer, jurisdiction, ...consent }) => ({
    consent: { ...consent, customer: customer ?? undefined, jurisdiction: jurisdiction ?? undefined },
    payments: paid.filter((payment) => payment.consent === consent.id),
    heldUntil: heldUntil ?? undefined,
  }));
}

async function couldErase(
  tx: Queries,
  { consent, now, log }: { readonly consent: string; readonly now: Date; readonly log: Log },
): Promise<boolean> {
  await tx.query("savepoint one");
  try {
    await eraseConsent(tx, consent, now);
    await tx.query("release savepoint one");
    return true;
  } catch (error) {
    // Of a connection that is gone this throws too, and nothing of all that was done.
    await tx.query("rollback to savepoint one");
    log.error({ err: error, consent }, "a consent that is too old could not be erased");
    return false;
  }
}
