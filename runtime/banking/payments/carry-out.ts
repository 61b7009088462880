import type { Database, Queries } from "../../service/postgres.ts";
import { accountOf } from "../core-bank.ts";
import { cancelledMeanwhile } from "./cancel.ts";
import { ordersOfFile } from "./file.ts";
import { judge } from "./judge.ts";
import { kindOf } from "./kinds.ts";
import { move, type Move } from "./moving.ts";
import { planOf } from "./orders.ts";
import { afterRun, releaseIfRefused, stood, withoutAccount } from "./outcome.ts";
import type { Payment } from "./payment.ts";
import type { PaymentsOptions } from "./payments.ts";
import { stateOfMany } from "./status.ts";
import { findPayment, hasTransfer, transfersOf, updatePayment } from "./store.ts";

/** Lines of a file that are paid in one transaction. */
const LINES = 50;
/** A payment that failed is tried again after this long, in ms. */
const PUT_OFF_MS = 60_000;

/**
 * Carries out the payment that has waited longest.
 *
 * One that fails is put off, so that the others do not wait for it.
 *
 * @returns false when none is due.
 * @throws Error that names the payment.
 */
export async function carryOutNext(options: PaymentsOptions, now: Date): Promise<boolean> {
  const { database } = options;
  const { rows } = await database.query<{ readonly id: string }>(
    "select id from payments where next_at <= $1 order by next_at limit 1",
    [now],
  );
  const next = rows[0] && (await findPayment(database, rows[0].id));
  if (next === undefined) return false;
  try {
    await carryOut(options, next, now);
    return true;
  } catch (cause) {
    // Nothing to say of a database that is away: that it failed is what is thrown below.
    await putOff(database, next, new Date(now.getTime() + PUT_OFF_MS)).catch(() => undefined);
    throw new Error(`Payment ${next.id} was not carried out and is tried again.`, { cause });
  }
}

/** Its date for the partner is the date it was put off to: it is not paid before. */
async function putOff(database: Database, { id, runs }: Payment, until: Date): Promise<void> {
  await database.query("update payments set next_at = $3 where id = $1 and runs = $2 and next_at < $3", [
    id,
    runs,
    until,
  ]);
}

async function carryOut(options: PaymentsOptions, next: Payment, now: Date): Promise<void> {
  const { database, rates, core } = options;
  const atCore = core && (await accountOf(core, next.customer, next.account));
  if (core !== undefined && atCore === undefined) {
    await database.transaction(async (tx) => endWithoutAccount(tx, await findDue(tx, next, now), now));
    return;
  }
  if (kindOf(next.kind).when === "file") {
    await database.transaction(async (tx) =>
      carryOutFile(tx, { rates, atCore }, await findDue(tx, next, now), now),
    );
    return;
  }
  // Scored before the transaction: nobody's row waits for another service.
  const order = planOf(next.kind, next.instruction ?? next.initiation)?.order(next.runs);
  if (order === undefined) throw new Error(`Payment ${next.id} cannot be read any more.`);
  const judgement = await judge(options, { ...next, order });
  const { verdict } = judgement;
  const isNew = await database.transaction(async (tx) => {
    const payment = await findDue(tx, next, now);
    if (payment === undefined) return false;
    const { id, account, runs } = payment;
    const transferId = kindOf(payment.kind).when === "order" ? `${id}.${runs + 1}` : id;
    const heldBefore = await hasTransfer(tx, transferId);
    const transfer = await move(tx, {
      id: transferId,
      payment: id,
      account,
      order,
      verdict,
      rates,
      at: now,
      atCore,
    });
    await updatePayment(tx, payment, afterRun(payment, transfer, verdict, now));
    await releaseIfRefused(tx, payment, transfer, now);
    return !heldBefore;
  });
  if (isNew) options.record?.observe({ clientId: next.clientId, ...judgement });
}

async function endWithoutAccount(tx: Queries, payment: Payment | undefined, now: Date): Promise<void> {
  if (payment === undefined) return;
  const ended = withoutAccount(payment, now);
  await updatePayment(tx, payment, ended);
  await releaseIfRefused(tx, payment, ended, now);
}

/** The payment, locked; undefined when another replica was quicker, or its customer has cancelled it. */
async function findDue(tx: Queries, { id, runs }: Payment, now: Date): Promise<Payment | undefined> {
  const payment = await findPayment(tx, id, "lock");
  if (payment?.nextAt === undefined || payment.nextAt > now || payment.runs !== runs) return undefined;
  return (await cancelledMeanwhile(tx, payment, now)) ? undefined : payment;
}

async function carryOutFile(
  tx: Queries,
  { rates, atCore }: Pick<Move, "rates" | "atCore">,
  payment: Payment | undefined,
  now: Date,
): Promise<void> {
  if (payment === undefined) return;
  const { rows } = await tx.query<{ readonly content: Buffer | null }>(
    "select content from consent.file_of($1)",
    [payment.consentId],
  );
  const orders = (rows[0]?.content && ordersOfFile(rows[0].content)) ?? [];
  const { id, account, runs } = payment;
  const lines = orders.slice(runs, runs + LINES);
  let unreadable = orders.length === 0 || payment.status === "INFA";
  for (const [n, order] of lines.entries()) {
    if (order === undefined) unreadable = true;
    // The whole file was scored by its consent: the customer saw number and sum.
    else {
      const line = `${id}.${runs + n + 1}`;
      await move(tx, { id: line, payment: id, account, order, verdict: "pass", rates, at: now, atCore });
    }
  }
  const done = runs + lines.length;
  const more = done < orders.length;
  const states = (await transfersOf(tx, id)).map(({ status }) => status);
  const status = unreadable ? "INFA" : stateOfMany(states, more);
  await updatePayment(tx, payment, stood(payment, status, undefined, now, more ? now : undefined, done));
}
