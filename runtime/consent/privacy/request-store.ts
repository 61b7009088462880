import type { Database, Queries } from "../../service/postgres.ts";
import type { Actor } from "../events.ts";
import { eventOf, tell } from "./events.ts";
import {
  extendedDueAt,
  type ErasureOutcome,
  type Law,
  type PrivacyAnswer,
  type PrivacyKind,
  type PrivacyRequest,
} from "./request.ts";

/** What somebody of the bank, or the platform itself, answers. */
export interface Answer {
  readonly answer: PrivacyAnswer;
  /** For whoever asked; needed to refuse. */
  readonly because?: string | undefined;
  readonly actor: Actor;
  readonly at: Date;
}

/** A request that cannot be found, or that was answered before. */
export class PrivacyRefused extends Error {
  override readonly name = "PrivacyRefused";
}

interface RequestRow {
  readonly id: string;
  readonly customer: string;
  readonly kind: PrivacyKind;
  readonly law: Law;
  readonly asked_at: Date;
  readonly asked_by: Actor;
  readonly words: string | null;
  readonly due_at: Date;
  readonly extended_because: string | null;
  readonly answered_at: Date | null;
  readonly answer: PrivacyAnswer | null;
  readonly because: string | null;
  readonly outcome: ErasureOutcome | null;
  readonly look_at: Date | null;
  readonly erased_at: Date | null;
  readonly shredded_at: Date | null;
}

function requestOfRow(row: RequestRow): PrivacyRequest {
  return {
    id: row.id,
    customer: row.customer,
    kind: row.kind,
    law: row.law,
    askedAt: row.asked_at,
    askedBy: row.asked_by,
    words: row.words ?? undefined,
    dueAt: row.due_at,
    extendedBecause: row.extended_because ?? undefined,
    answeredAt: row.answered_at ?? undefined,
    answer: row.answer ?? undefined,
    because: row.because ?? undefined,
    outcome: row.outcome ?? undefined,
    lookAt: row.look_at ?? undefined,
    erasedAt: row.erased_at ?? undefined,
    shreddedAt: row.shredded_at ?? undefined,
  };
}

/** From here to the end of the transaction nobody else does anything about this customer's data. */
export async function lockCustomer(tx: Queries, customer: string): Promise<void> {
  await tx.query("select lock_customer($1)", [customer]);
}

/**
 * Keeps what a customer asks. Whoever asks to be forgotten twice before she is answered has asked once;
 * whoever has come back since, and asks again, means what she gave since.
 *
 * @returns the request, or the one that is there already.
 */
export async function ask(tx: Queries, request: PrivacyRequest): Promise<PrivacyRequest> {
  const { id, customer, kind, law, askedAt, askedBy, words, dueAt } = request;
  await lockCustomer(tx, customer);
  const { count } = await tx.query(
    `insert into privacy_requests (id, customer, kind, law, asked_at, asked_by, words, due_at, look_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    [id, customer, kind, law, askedAt, askedBy, words, dueAt, kind === "erasure" ? askedAt : undefined],
  );
  if (count === 0) {
    const { rows } = await tx.query<RequestRow>(
      `select * from privacy_requests
       where customer = $1 and kind = 'erasure' and answered_at is null`,
      [customer],
    );
    if (rows[0] === undefined)
      throw new PrivacyRefused(`There is a request ${id} already; ask under another id.`);
    return requestOfRow(rows[0]);
  }
  const personal = words === undefined ? undefined : { customer, fields: { words } };
  await tell(tx, id, eventOf("privacy.asked", request, { at: askedAt, actor: askedBy }), personal);
  return request;
}

/**
 * Answers a request that waits for an answer.
 *
 * @throws PrivacyRefused when it does not.
 */
export async function answer(tx: Queries, id: string, given: Answer): Promise<PrivacyRequest> {
  const request = await waiting(tx, id);
  const { answer: said, because, actor, at } = given;
  await tx.query(
    `update privacy_requests set answered_at = $2, answer = $3, because = $4, answered_by = $5,
       look_at = case when $3 = 'Refused' then null else look_at end
     where id = $1`,
    [id, at, said, because, actor],
  );
  const event = eventOf("privacy.answered", request, { at, actor });
  await tell(tx, id, { ...event, answer: said, ...(because === undefined ? {} : { because }) });
  return { ...request, answeredAt: at, answer: said, because };
}

/** What compliance does with requests. */
export interface PrivacyRequests {
  ask(request: PrivacyRequest): Promise<PrivacyRequest>;
  /** @throws PrivacyRefused */
  answer(id: string, given: Answer): Promise<PrivacyRequest>;
  /** Takes the time that the law gives beyond the first. @throws PrivacyRefused when it gives none. */
  extend(
    id: string,
    by: Pick<Answer, "actor" | "at"> & { readonly because: string },
  ): Promise<PrivacyRequest>;
  /** A customer's, the newest first. */
  of(customer: string): Promise<readonly PrivacyRequest[]>;
  /** Those that wait for an answer, the most urgent first. */
  open(limit: number): Promise<readonly PrivacyRequest[]>;
}

export function createPrivacyRequests(database: Database): PrivacyRequests {
  return {
    ask: (request) => database.transaction((tx) => ask(tx, request)),
    answer: (id, given) => database.transaction((tx) => answer(tx, id, given)),
    extend: (id, { because, actor, at }) =>
      database.transaction(async (tx) => {
        const request = await waiting(tx, id);
        const dueAt = extendedDueAt(request, at);
        if (dueAt === undefined)
          throw new PrivacyRefused(
            `${id} was asked under ${request.law} and is due ${request.dueAt.toISOString()}: it cannot take longer.`,
          );
        await tx.query("update privacy_requests set due_at = $2, extended_because = $3 where id = $1", [
          id,
          dueAt,
          because,
        ]);
        const extended = { ...request, dueAt, extendedBecause: because };
        await tell(tx, id, { ...eventOf("privacy.extended", extended, { at, actor }), because });
        return extended;
      }),
    async of(customer) {
      const { rows } = await database.query<RequestRow>(
        "select * from privacy_requests where customer = $1 order by asked_at desc",
        [customer],
      );
      return rows.map(requestOfRow);
    },
    async open(limit) {
      const { rows } = await database.query<RequestRow>(
        "select * from privacy_requests where answered_at is null order by due_at limit $1",
        [limit],
      );
      return rows.map(requestOfRow);
    },
  };
}

async function waiting(tx: Queries, id: string): Promise<PrivacyRequest> {
  const request = await requestIn(tx, id);
  if (request === undefined) throw new PrivacyRefused(`There is no request ${id}.`);
  if (request.answeredAt !== undefined)
    throw new PrivacyRefused(`${id} was answered ${request.answeredAt.toISOString()}: ${request.answer}.`);
  return request;
}

/** A request, its row locked. */
export async function requestIn(tx: Queries, id: string): Promise<PrivacyRequest | undefined> {
  const { rows } = await tx.query<RequestRow>("select * from privacy_requests where id = $1 for update", [
    id,
  ]);
  return rows[0] && requestOfRow(rows[0]);
}
