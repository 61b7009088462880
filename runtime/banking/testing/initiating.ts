import { randomUUID } from "node:crypto";
import { asRole } from "../../database/testing/stack-database.ts";
import { CANCELLATION, type ConsentKind } from "../../service/consent-snapshot.ts";
import { createLog } from "../../service/logger.ts";
import { carryOutAuthorised } from "../berlin-group/carry-out.ts";
import type { Payment } from "../payments/payment.ts";
import { ACME, NOW, type TestBank } from "./bank.ts";
import { PAYEE } from "./paying.ts";

/** What a Berlin Group's partner asked for. */
export interface Initiated {
  readonly kind: ConsentKind;
  readonly Initiation: object;
  /** As it was sent. */
  readonly sent?: object;
  /** Id of the payment that it is to cancel. */
  readonly Cancels?: string;
  /** End of the consent. */
  readonly until?: string;
}

/** The money and payee of what tests initiate, in both dialects' words. */
export function transferOf(amount: string) {
  return {
    sent: {
      debtorAccount: { iban: "KE0100000000000001" },
      instructedAmount: { currency: "EUR", amount },
      creditorAccount: { iban: PAYEE.Identification },
      creditorName: PAYEE.Name,
    },
    Initiation: {
      InstructionIdentification: "i-1",
      EndToEndIdentification: "NOTPROVIDED",
      InstructedAmount: { Amount: amount, Currency: "EUR" },
      CreditorAccount: PAYEE,
    },
  };
}

/** Payments that partners of the Berlin Group initiated, over a test bank: consents as the consent service keeps them. */
export function initiating(bank: TestBank) {
  const log = createLog("test", { level: "silent" });

  async function initiated({ kind, Initiation, sent = {}, ...rest }: Initiated): Promise<string> {
    const { Cancels, until = "2036-01-01T00:00:00Z" } = rest;
    const id = `c-${randomUUID()}`;
    const request = { ...(Cancels === undefined ? {} : { Cancels }), Initiation };
    await asRole(bank.stack, "consent", (query) =>
      query(
        `insert into consents (id, client_id, kind, state, permissions, request, request_hash, risk, created_at, state_updated_at,
           expires_at, ends_at, policy, berlin_group)
         values ($1, $2, $7, 'AWAU', '{}', $3, 'h', '{}', $4, $4, $5, $5, '{"hash": "h"}', $6)`,
        [id, ACME, request, NOW, until, sent, kind],
      ),
    );
    return id;
  }

  /** The customer's yes. */
  async function authorise(id: string): Promise<void> {
    const { customer, accounts } = bank.home("wanjiru");
    await asRole(bank.stack, "consent", (query) =>
      query(
        `update consents set state = 'AUTH', customer = $2, accounts = $3, debtor_account = '{}', grant_id = 'g', sca = '{}'
         where id = $1`,
        [id, customer, [accounts[0]]],
      ),
    );
  }

  const carryOut = (at: Date = NOW): Promise<boolean> =>
    carryOutAuthorised({ database: bank.database, payments: bank.payments, log }, at);

  return {
    initiated,
    authorise,
    /** Carries out what customers have authorised. */
    carryOut,
    /** A payment that its customer has authorised, and the bank has taken. */
    async taken(asked: Initiated): Promise<string> {
      const id = await initiated(asked);
      await authorise(id);
      await carryOut();
      return id;
    },
    /** Her consent to cancel a payment, not carried out yet. */
    async cancelling(id: string, Initiation: object): Promise<string> {
      const cancellation = await initiated({ kind: CANCELLATION, Initiation, Cancels: id });
      await authorise(cancellation);
      return cancellation;
    },
    /** The payment that an initiation became. */
    async paymentOf(id: string): Promise<Payment | undefined> {
      const { rows } = await bank.database.query<{ readonly id: string }>(
        "select id from payments where consent = $1",
        [id],
      );
      return rows[0] && bank.payments.find(rows[0].id);
    },
  };
}
