import type { Log } from "../../service/logger.ts";
import type { Database, Queries } from "../../service/postgres.ts";
import type { ChangeConsent } from "../registry.ts";
import { eraseConsent, paidUnder } from "./erase-consent.ts";
import { decideErasure, type ConsentFacts, type ErasureFacts } from "./erasure.ts";
import { eventOf, tell } from "./events.ts";
import { heldUntil } from "./hold.ts";
import { answer, lockCustomer, requestIn } from "./request-store.ts";
import type { ErasureOutcome } from "./request.ts";

/** What erasing takes. */
export interface EraserOptions {
  readonly database: Database;
  /** Ends what lives. */
  readonly change: ChangeConsent;
  readonly clock: () => Date;
  readonly log: Log;
}

/** Requests looked at in one go, and consents erased in one transaction; what is left waits for the next. */
const BATCH = { requests: 20, consents: 200 } as const;
const ITSELF = { kind: "bank" } as const;

/**
 * Carries on with every erasure whose time has come: those just asked for, and those of which something had to be kept.
 * Several replicas may do so at once. One that cannot go on is said in the log and keeps nobody else waiting.
 *
 * @returns how many were looked at.
 */
export async function carryOutErasures({ database, change, clock, log }: EraserOptions): Promise<number> {
  const { rows } = await database.query<Due>(
    "select id, customer, asked_at from privacy_requests where look_at <= $1 order by look_at limit $2",
    [clock(), BATCH.requests],
  );
  for (const due of rows) {
    const now = clock();
    try {
      const { withdraw } = decideErasure(await factsOf(database, due, now), now);
      for (const consent of withdraw) await end(change, consent, due.customer);
      await eraseNow(database, due, now);
    } catch (error) {
      log.error({ err: error, request: due.id }, "an erasure could not be carried on with");
    }
  }
  return rows.length;
}

/** Ends a living consent; of one whose time is over writes that down. */
async function end(change: ChangeConsent, consent: string, customer: string): Promise<void> {
  const actor = { kind: "customer", id: customer } as const;
  const decision = await change(consent, { do: "withdraw", customer }, actor);
  if (decision?.ok === false) await change(consent, { do: "expire" }, ITSELF);
}

interface Due {
  readonly id: string;
  readonly customer: string;
  readonly asked_at: Date;
}

/** Erases what may go, and writes down when to look for the rest: one transaction. */
function eraseNow(database: Database, due: Due, now: Date): Promise<void> {
  const { id, customer } = due;
  return database.transaction(async (tx) => {
    await lockCustomer(tx, customer);
    const request = await requestIn(tx, id);
    // Somebody else was here first.
    if (request?.lookAt === undefined || request.lookAt > now) return;
    const { withdraw, erase, keep, lookAt } = decideErasure(await factsOf(tx, due, now), now);
    const batch = erase.slice(0, BATCH.consents);
    for (const consent of batch) await eraseConsent(tx, consent, now);
    const more = erase.length > batch.length || withdraw.length > 0;
    const untils = keep.flatMap(({ until }) => until?.getTime() ?? []);
    const told: ErasureOutcome = {
      erased: (request.outcome?.erased ?? 0) + batch.length,
      kept: keep.length,
    };
    const outcome: ErasureOutcome = {
      ...told,
      ...(untils.length === 0 ? {} : { until: new Date(Math.max(...untils)).toISOString() }),
    };
    const done = !more && lookAt === undefined;
    await tx.query(
      `update privacy_requests set outcome = $2, look_at = $3, erased_at = $4
       where id = $1`,
      [id, outcome, done ? undefined : more ? now : lookAt, done ? now : undefined],
    );
    if (more) return;
    const first = request.answeredAt === undefined;
    if (first) await answer(tx, id, { answer: done ? "Granted" : "GrantedInPart", actor: ITSELF, at: now });
    if (done) await forgetTheRest(tx, customer, now);
    // She gets a copy of this: a time in it would be that of a hold, of which she is not to know.
    if (first || batch.length > 0)
      await tell(tx, id, {
        ...eventOf("privacy.erased", request, { at: now, actor: ITSELF }),
        outcome: told,
      });
  });
}

/** With the last of what was kept goes what else she asked: there is nothing left that it could be about. */
async function forgetTheRest(tx: Queries, customer: string, at: Date): Promise<void> {
  const { rows } = await tx.query<{ readonly id: string }>(
    "select id from privacy_requests where customer = $1 and answered_at is null",
    [customer],
  );
  const because = "All that was kept of you here is erased.";
  for (const { id } of rows) await answer(tx, id, { answer: "Granted", because, actor: ITSELF, at });
  await tx.query("update privacy_requests set words = null where customer = $1 and words is not null", [
    customer,
  ]);
  await tx.query("delete from restrictions where customer = $1", [customer]);
}

async function factsOf(
  queries: Queries,
  { customer, asked_at: askedAt }: Due,
  now: Date,
): Promise<ErasureFacts> {
  const { rows: consents } = await queries.query<ConsentFacts>(
    `select id, kind, state, state_updated_at as "stateUpdatedAt", coalesce((sca ->> 'at')::timestamptz, state_updated_at) as "givenAt",
       jurisdiction_of(policy) as jurisdiction
     from consents where customer = $1 order by created_at`,
    [customer],
  );
  const payments = await paidUnder(
    queries,
    consents.map(({ id }) => id),
  );
  return { askedAt, consents, payments, heldUntil: await heldUntil(queries, customer, now) };
}
