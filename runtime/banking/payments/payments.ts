import { ObukError } from "../../service/obuk-error.ts";
import { sqlStateOf, type Database } from "../../service/postgres.ts";
import type { CoreBank } from "../core-bank.ts";
import { cancel, type Cancellation } from "./cancel.ts";
import { carryOutNext } from "./carry-out.ts";
import type { FraudPort } from "./fraud.ts";
import type { FraudRecord } from "./fraud-record.ts";
import type { Payment, Transfer } from "./payment.ts";
import type { Rates } from "./rates.ts";
import type { Reason } from "./status.ts";
import { findPayment, transfersOf } from "./store.ts";
import { refuse, type Submission, submit } from "./submit.ts";

/** What payments need of the world. */
export interface PaymentsOptions {
  readonly database: Database;
  readonly fraud: FraudPort;
  /** Is told what was said of each payment, once for each; absent: nobody is. */
  readonly record?: Pick<FraudRecord, "observe"> | undefined;
  readonly rates: Rates;
  /** A core of the bank's own, which has the books; absent: the embedded ledger has them. */
  readonly core?: Pick<CoreBank, "accountsOf"> | undefined;
}

/** Payments of every kind: taken in once, carried out when they are due. */
export interface Payments {
  /**
   * Takes a payment in and uses its consent, in one transaction; what is due at once is carried out in it. The same
   * request again gives the same payment, as it stands now.
   *
   * @throws ObukError 400 when the consent does not carry it, 503 when rows that it needs are locked for too long.
   */
  submit(submission: Submission): Promise<Payment>;
  /** Keeps a payment that can never be carried out as refused. @throws ObukError when its consent does not carry it. */
  refuse(submission: Submission, reason: Reason): Promise<Payment>;
  /** Cancels what has not left: see `cancel.ts`. @throws ObukError 400 when the consent does not carry it, 503 as `submit`. */
  cancel(cancellation: Cancellation): Promise<Payment | undefined>;
  find(id: string): Promise<Payment | undefined>;
  transfers(id: string): Promise<readonly Transfer[]>;
  /** Carries out the payment that has waited longest: see `carry-out.ts`. @returns false when none is due. */
  carryOutNext(now: Date): Promise<boolean>;
}

/** SQLSTATE of waits that were cut, and of transactions that met too often: nothing was written. */
const BUSY = new Set(["55P03", "57014", "40001", "40P01"]);

/** Payments over the service's own schema. */
export function createPayments(options: PaymentsOptions): Payments {
  const { database } = options;
  return {
    submit: (submission) => unlessBusy(() => submit(options, submission)),
    refuse: (submission, reason) => refuse(options, submission, reason),
    cancel: (cancellation) => unlessBusy(() => cancel(options, cancellation)),
    find: (id) => findPayment(database, id),
    transfers: (id) => transfersOf(database, id),
    carryOutNext: (now) => carryOutNext(options, now),
  };
}

async function unlessBusy<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!BUSY.has(sqlStateOf(error) ?? "")) throw error;
    const message = "The account is busy; ask again with the same key.";
    throw new ObukError(503, { reason: "Other", message }, { cause: error });
  }
}
