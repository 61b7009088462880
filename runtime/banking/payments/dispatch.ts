import type { Log } from "../../service/logger.ts";
import type { Database, Queries } from "../../service/postgres.ts";
import type { BookingAnswer, Bookings } from "./bookings.ts";
import { kindOf } from "./kinds.ts";
import { giveBack } from "./moving.ts";
import {
  arrive,
  claimNext,
  sendOn,
  standingOf,
  type Outgoing,
  type Receiver,
  type Standing,
} from "./outgoing.ts";
import { releaseIfRefused } from "./outcome.ts";
import type { Payment, Transfer } from "./payment.ts";
import type { Scheme, SchemeAnswer } from "./scheme.ts";
import { bearingOf, checkStep, stateOfMany, type TransferState } from "./status.ts";
import { findPayment, saveTransfer, transfersOf, updatePayment } from "./store.ts";

/** What money on its way needs. */
export interface DispatchOptions {
  readonly database: Database;
  readonly log: Log;
  /** Told when one of them says what cannot be true beside what was said before. */
  readonly onContradiction: (by: Receiver) => void;
}

/** What was said of money that was handed over. */
type Answer = BookingAnswer | SchemeAnswer;

/**
 * Hands over the money to other banks that has waited longest, and keeps what the scheme says.
 *
 * A crash anywhere repeats the hand-over with the same id, which the scheme takes once.
 *
 * @returns false when nothing is to be handed over now.
 */
export function dispatchNext(
  { scheme, ...options }: DispatchOptions & { readonly scheme: Scheme },
  now: Date,
): Promise<boolean> {
  return handOver(options, "scheme", now, ({ transfer, debtor, epoch }) => {
    const { id, payment, endToEnd, creditAmount, creditCurrency: currency, creditor, reference } = transfer;
    const amount = String(creditAmount);
    return scheme.send({ id, epoch, payment, endToEnd, amount, currency, debtor, creditor, reference });
  });
}

/**
 * Has the bank's own core book the money that has waited longest, or give it back; as {@link dispatchNext}. While there is no
 * answer it is in doubt, and asked about again under the same id.
 *
 * @returns false when nothing is to be booked now.
 */
export function bookNext(
  { core, ...options }: DispatchOptions & { readonly core: Bookings },
  now: Date,
): Promise<boolean> {
  return handOver(options, "core", now, async ({ transfer, refusedFor: reason, epoch }) => {
    if (reason === undefined) return core.book({ ...transfer, epoch });
    await core.giveBack({ id: transfer.id, epoch, reason });
    return { status: "RJCT", reason };
  });
}

async function handOver(
  { database, log, onContradiction }: DispatchOptions,
  to: Receiver,
  now: Date,
  ask: (outgoing: Outgoing) => Promise<Answer>,
): Promise<boolean> {
  const outgoing = await claimNext(database, to, now);
  if (outgoing === undefined) return false;
  let answer: Answer;
  try {
    answer = await ask(outgoing);
  } catch (error) {
    log.warn({ err: error, to, transfer: outgoing.transfer.id }, "no answer about money on its way");
    return true;
  }
  const contradicted = await database.transaction((tx) => settle(tx, outgoing, answer, now));
  if (contradicted !== undefined) {
    const { id, payment } = outgoing.transfer;
    log.error(
      { to, transfer: id, payment, known: contradicted, answer },
      "an answer about money contradicts another",
    );
    onContradiction(to);
  }
  return true;
}

/**
 * Keeps what became of money that was handed over. An answer that is late or comes again changes nothing, and neither does one that
 * contradicts what is known: whoever is still to be asked then is asked again.
 *
 * @returns the state that is contradicted; undefined when none is.
 */
async function settle(
  tx: Queries,
  outgoing: Outgoing,
  answer: Answer,
  at: Date,
): Promise<TransferState | undefined> {
  const {
    to,
    transfer: { id, payment: paymentId },
  } = outgoing;
  const payment = await findPayment(tx, paymentId, "lock");
  const transfers = await transfersOf(tx, paymentId);
  const transfer = transfers.find((each) => each.id === id);
  const standing = await standingOf(tx, id);
  if (payment === undefined || transfer === undefined || standing === undefined)
    throw new Error(`Transfer ${id} is gone.`);
  const open = !standing.arrived && standing.to === to && standing.refusedFor === outgoing.refusedFor;
  const known = knownTo(outgoing, standing, transfer.status);
  const bearing = bearingOf(known, answer.status, { to, open });
  if (bearing === "contradiction") return known;
  if (bearing === "known") return undefined;
  await goOn(tx, outgoing, answer, at);
  const after = await step(tx, outgoing, transfer, answer, at);
  await releaseIfRefused(tx, payment, after, at);
  const others = transfers.map((each) => (each.id === id ? after : each));
  // Money that had left before its payment was cancelled: told each time, for the payment stands as it stood.
  const cameBack = payment.status === "CANC" && after.status === "RJCT";
  const evidence = cameBack ? { givenBack: id } : {};
  await updatePayment(tx, payment, withOutcome(payment, after, others, at), evidence);
  return undefined;
}

/** What is known of money already by what was said of it, as far as an answer now may not contradict it. */
function knownTo(
  asked: Pick<Outgoing, "to" | "refusedFor">,
  standing: Standing,
  status: TransferState,
): TransferState {
  // What another bank refused is refused, though the payer does not have it back yet.
  if (asked.to === "scheme") return standing.refusedFor === undefined ? status : "RJCT";
  // It has been sent on, so the core had said that it booked it, whatever has come of it since.
  const isSentOn = standing.to === "scheme" || standing.refusedFor !== undefined;
  return isSentOn && asked.refusedFor === undefined ? "ACSP" : status;
}

/** Where it goes from here. */
async function goOn(
  tx: Queries,
  { to, atCore, transfer }: Outgoing,
  answer: Answer,
  at: Date,
): Promise<void> {
  switch (answer.status) {
    case "ACSP":
      return sendOn(tx, transfer.id, { to: "scheme", refusedFor: undefined }, at);
    case "RJCT":
      if (to === "core" || !atCore) return arrive(tx, transfer.id, at);
      return sendOn(tx, transfer.id, { to: "core", refusedFor: answer.reason }, at);
    case "ACWP":
      // Asked again until the payee has it, or nobody gets it.
      return;
    case "ACSC":
    case "ACCC":
    case "BLCK":
      return arrive(tx, transfer.id, at);
  }
}

async function step(
  tx: Queries,
  { to, atCore }: Outgoing,
  transfer: Transfer,
  answer: Answer,
  at: Date,
): Promise<Transfer> {
  checkStep(transfer.status, answer.status);
  if (answer.status === "RJCT" && to === "scheme") {
    // The payer stays debited until the core has given it back.
    return atCore ? transfer : giveBack(tx, transfer, answer.reason, at);
  }
  const reason = answer.status === "RJCT" ? answer.reason : answer.status === "ACSP" ? "U034" : undefined;
  const after: Transfer = { ...transfer, status: answer.status, reason, statusAt: at };
  await saveTransfer(tx, after);
  return after;
}

function withOutcome(
  payment: Payment,
  { id, status, reason }: Transfer,
  all: readonly Transfer[],
  at: Date,
): Payment {
  // What was cancelled was what had still to be paid: this had left before. When it comes back, why is told.
  if (payment.status === "CANC") return status === "RJCT" ? { ...payment, reason, statusAt: at } : payment;
  switch (kindOf(payment.kind).when) {
    case "now":
    case "date":
      return { ...payment, status, reason, statusAt: at };
    case "order": {
      // It has failed as a whole, or its newest payment has: that an older one arrives late mends nothing.
      const failed = payment.status === "INFA" && (payment.nextAt === undefined || id !== all.at(-1)?.id);
      if (failed) return { ...payment, statusAt: at };
      return { ...payment, status: stateOfMany([status], false), reason, statusAt: at };
    }
    case "file": {
      // What could not be read, or had no account any more to be paid from, is no transfer: it has failed all the same.
      if (payment.status === "INFA") return { ...payment, statusAt: at };
      const states = all.map((each) => each.status);
      return { ...payment, status: stateOfMany(states, payment.nextAt !== undefined), statusAt: at };
    }
  }
}
