import { claimKey, type Claim } from "../../service/idempotency.ts";
import { ObukError, type ObukReason } from "../../service/obuk-error.ts";
import { sqlStateOf, type Database, type Queries } from "../../service/postgres.ts";
import { ordersOfFile } from "./file.ts";
import { verdictOf, type FraudPort, type Verdict } from "./fraud.ts";
import { kindOf, type PaymentKind } from "./kinds.ts";
import { move, sumsOf } from "./moving.ts";
import { planOf } from "./orders.ts";
import type { Members, Order, Payment, Transfer } from "./payment.ts";
import type { Rates } from "./rates.ts";
import { nthPayment } from "./schedule.ts";
import { stateOfMany, type PaymentState } from "./status.ts";
import { findPayment, insertPayment, paidBefore, transfersOf, updatePayment } from "./store.ts";

/** What payments need of the world. */
export interface PaymentsOptions {
  readonly database: Database;
  readonly fraud: FraudPort;
  readonly rates: Rates;
}

/** A payment as it was asked for. */
export interface Submission {
  readonly kind: PaymentKind;
  /** Its resource is the payment's id. */
  readonly claim: Claim;
  readonly consentId: string;
  /** Whose consent it is and from which account it pays, as far as the gateway knew. */
  readonly payer: { readonly customer: string; readonly account: string };
  readonly initiation: Members;
  readonly instruction: Members | undefined;
  readonly risk: Members;
}

/** Payments of every kind: taken in once, carried out when they are due. */
export interface Payments {
  /**
   * Takes a payment in and uses its consent, in one transaction; what is due at once is carried out in it. The same
   * request again gives the same payment, as it stands now.
   *
   * @throws ObukError 400 when the consent does not carry it.
   */
  submit(submission: Submission): Promise<Payment>;
  find(id: string): Promise<Payment | undefined>;
  transfers(id: string): Promise<readonly Transfer[]>;
  /** Carries out the payment that has waited longest. @returns false when none is due. */
  carryOutNext(now: Date): Promise<boolean>;
}

/** SQLSTATE of waits that were cut, and of transactions that met too often: nothing was written. */
const BUSY = new Set(["55P03", "57014", "40001", "40P01"]);
/** How long money that is held waits before it is looked at again, in ms. */
const HELD_MS = 300_000;
/** Lines of a file that are paid in one transaction. */
const LINES = 50;

/** Payments over the service's own schema. */
export function createPayments(options: PaymentsOptions): Payments {
  const { database } = options;
  return {
    submit: async (submission) => {
      try {
        return await submit(options, submission);
      } catch (error) {
        if (!BUSY.has(sqlStateOf(error) ?? "")) throw error;
        const message = "The account is busy; ask again with the same key.";
        throw new ObukError(503, { reason: "Other", message }, { cause: error });
      }
    },
    find: (id) => findPayment(database, id),
    transfers: (id) => transfersOf(database, id),
    carryOutNext: (now) => carryOutNext(options, now),
  };
}

async function submit(options: PaymentsOptions, submission: Submission): Promise<Payment> {
  const { kind, claim, consentId, payer, initiation, instruction, risk } = submission;
  const { at, clientId, resource: id } = claim;
  const { when } = kindOf(kind);
  const plan = when === "file" ? undefined : planOf(kind, instruction ?? initiation);
  if (when !== "file" && plan === undefined) {
    throw refused(
      "InvalidFormat",
      "The payment has no amount that its currency can hold.",
      "Data.Initiation",
    );
  }
  const first = when === "now" ? plan?.order(0) : undefined;
  const verdict = first && (await judge(options, { clientId, ...payer, order: first }));
  return options.database.transaction(async (tx) => {
    const claimed = await claimKey(tx, claim);
    if (claimed.outcome === "Repeated") {
      const known = await findPayment(tx, claimed.resource);
      if (known !== undefined) return known;
    }
    const { customer, account } = await useConsent(tx, submission);
    const received: Payment = {
      id,
      kind,
      clientId,
      consentId,
      customer,
      account,
      initiation,
      instruction,
      risk,
      status: "PDNG",
      reason: "U031",
      createdAt: at,
      statusAt: at,
      nextAt: firstRun(initiation, plan?.schedule?.first, at),
      runs: 0,
    };
    if (first === undefined || verdict === undefined) {
      await insertPayment(tx, received);
      return received;
    }
    return firstMove(tx, options, received, first, verdict);
  });
}

/** When a payment is carried out first: a file may name its date, an order has one, anything else is due now. */
function firstRun(initiation: Members, scheduled: Date | undefined, at: Date): Date {
  const asked = initiation["RequestedExecutionDateTime"];
  const date = scheduled ?? (typeof asked === "string" ? new Date(asked) : at);
  return date < at ? at : date;
}

async function firstMove(
  tx: Queries,
  { rates }: PaymentsOptions,
  received: Payment,
  order: Order,
  verdict: Verdict,
): Promise<Payment> {
  const { id, account, createdAt: at } = received;
  const transfer = await move(tx, { id, payment: id, account, order, verdict, rates, at });
  const payment = afterRun(received, transfer, at);
  await insertPayment(tx, payment);
  await releaseIfRefused(tx, payment, transfer, at);
  return payment;
}

/** A payment after one of its runs. */
function afterRun(payment: Payment, transfer: Transfer, at: Date): Payment {
  const { when } = kindOf(payment.kind);
  if (transfer.status === "PDNG") {
    return stood(payment, "PDNG", "U031", at, new Date(at.getTime() + HELD_MS), payment.runs);
  }
  const runs = payment.runs + 1;
  const schedule = when === "order" ? planOf(payment.kind, payment.initiation)?.schedule : undefined;
  const nextAt = schedule && nthPayment(schedule, runs);
  const status: PaymentState = when === "order" ? stateOfMany([transfer.status], false) : transfer.status;
  return stood(payment, status, transfer.reason, at, nextAt, runs);
}

function stood(
  payment: Payment,
  status: PaymentState,
  reason: Payment["reason"],
  at: Date,
  nextAt: Date | undefined,
  runs: number,
): Payment {
  return { ...payment, status, reason, statusAt: at, nextAt, runs };
}

/** A recurring payment that was refused does not count towards its limits. */
async function releaseIfRefused(tx: Queries, { id, kind }: Payment, { status }: Transfer, at: Date) {
  if (kind === "domestic-vrp" && status === "RJCT")
    await tx.query("select consent.release($1, $2)", [id, at]);
}

async function carryOutNext(options: PaymentsOptions, now: Date): Promise<boolean> {
  const { database, rates } = options;
  const { rows } = await database.query<{ readonly id: string }>(
    "select id from payments where next_at <= $1 order by next_at limit 1",
    [now],
  );
  const next = rows[0] && (await findPayment(database, rows[0].id));
  if (next === undefined) return false;
  if (kindOf(next.kind).when === "file") {
    return database.transaction(async (tx) => carryOutFile(tx, options, await findDue(tx, next, now), now));
  }
  // Scored before the transaction: nobody's row waits for another service.
  const order = planOf(next.kind, next.instruction ?? next.initiation)?.order(next.runs);
  if (order === undefined) throw new Error(`Payment ${next.id} cannot be read any more.`);
  const verdict = await judge(options, { ...next, order });
  return database.transaction(async (tx) => {
    const payment = await findDue(tx, next, now);
    if (payment === undefined) return true;
    const { id, account, runs } = payment;
    const transferId = kindOf(payment.kind).when === "order" ? `${id}.${runs + 1}` : id;
    const transfer = await move(tx, {
      id: transferId,
      payment: id,
      account,
      order,
      verdict,
      rates,
      at: now,
    });
    await updatePayment(tx, payment, afterRun(payment, transfer, now));
    await releaseIfRefused(tx, payment, transfer, now);
    return true;
  });
}

/** The payment, locked; undefined when another replica was quicker. */
async function findDue(tx: Queries, { id, runs }: Payment, now: Date): Promise<Payment | undefined> {
  const payment = await findPayment(tx, id, "lock");
  if (payment?.nextAt === undefined || payment.nextAt > now || payment.runs !== runs) return undefined;
  return payment;
}

async function carryOutFile(
  tx: Queries,
  { rates }: PaymentsOptions,
  payment: Payment | undefined,
  now: Date,
): Promise<boolean> {
  if (payment === undefined) return true;
  const { rows } = await tx.query<{ readonly content: Buffer | null }>(
    "select content from consent.file_of($1)",
    [payment.consentId],
  );
  const orders = (rows[0]?.content && ordersOfFile(rows[0].content)) ?? [];
  const { id, account, runs } = payment;
  const lines = orders.slice(runs, runs + LINES);
  let unreadable = orders.length === 0;
  for (const [n, order] of lines.entries()) {
    if (order === undefined) unreadable = true;
    // The whole file was scored by its consent: the customer saw number and sum.
    else {
      const line = `${id}.${runs + n + 1}`;
      await move(tx, { id: line, payment: id, account, order, verdict: "pass", rates, at: now });
    }
  }
  const done = runs + lines.length;
  const more = done < orders.length;
  const states = (await transfersOf(tx, id)).map(({ status }) => status);
  const status = unreadable ? "INFA" : stateOfMany(states, more);
  await updatePayment(tx, payment, stood(payment, status, undefined, now, more ? now : undefined, done));
  return true;
}

/** Uses the consent inside the payment's transaction. @throws ObukError 400 when it does not carry the payment. */
async function useConsent(
  tx: Queries,
  { kind, claim, consentId, initiation, instruction }: Submission,
): Promise<{ readonly customer: string; readonly account: string }> {
  const { rows } = await tx.query<{ readonly used: ConsentUse }>(
    "select consent.use($1, $2, $3, $4, $5, $6) as used",
    [consentId, claim.clientId, initiation, instruction, claim.resource, claim.at],
  );
  const used = rows[0]?.used;
  switch (used?.outcome) {
    case "Used":
      if (used.kind !== kind)
        throw refused("ConsentMismatch", `The consent is a ${used.kind}'s.`, "Data.ConsentId");
      return { customer: used.customer, account: used.debtorAccount };
    case "WrongState":
      throw refused("InvalidConsentStatus", `The consent stands at ${used.state}.`, "Data.ConsentId");
    case "Expired":
      throw refused("InvalidConsentStatus", "The consent's time is over.", "Data.ConsentId");
    case "InitiationDiffers":
      throw refused("ConsentMismatch", "The initiation is not the consent's.", "Data.Initiation");
    case "LimitExceeded":
      throw refused(
        "FailsControlParameters",
        `The payment would exceed ${used.limit?.name ?? "a limit"} of the consent.`,
        "Data.Instruction.InstructedAmount",
      );
    case "NotFound":
    case undefined:
      throw refused("NotFound", "There is no such consent.", "Data.ConsentId");
  }
}

interface ConsentUse {
  readonly outcome: "Used" | "NotFound" | "WrongState" | "InitiationDiffers" | "LimitExceeded" | "Expired";
  readonly state: string;
  readonly kind: string;
  readonly customer: string;
  readonly debtorAccount: string;
  readonly limit?: { readonly name: string };
}

function refused(reason: ObukReason, message: string, path: string): ObukError {
  return new ObukError(400, { reason, message, path });
}

async function judge(
  { database, fraud, rates }: PaymentsOptions,
  suspect: {
    readonly clientId: string;
    readonly customer: string;
    readonly account: string;
    readonly order: Order;
  },
): Promise<Verdict> {
  const { account, order } = suspect;
  const score = await fraud.score(suspect);
  if (score !== undefined) return verdictOf(score, { euros: 0, payeeKnown: false });
  const worth = sumsOf({ ...order, agreedRate: undefined }, "EUR", rates);
  return verdictOf(undefined, {
    euros: worth === undefined ? Infinity : Number(worth.debit) / 100,
    payeeKnown: await paidBefore(database, account, order.creditor),
  });
}
