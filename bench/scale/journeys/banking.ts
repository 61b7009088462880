import { randomUUID } from "node:crypto";
import { addCustomer, openAccount } from "../../../runtime/banking/booking.ts";
import { carryOutAuthorised } from "../../../runtime/banking/berlin-group/carry-out.ts";
import type { TransactionQuery } from "../../../runtime/banking/core-bank.ts";
import { clearingAccount } from "../../../runtime/banking/seed/household.ts";
import type { Bookings } from "../../../runtime/banking/payments/bookings.ts";
import type { Payment } from "../../../runtime/banking/payments/payment.ts";
import { insertPayment, payeesOf, paidBefore, paymentsOf } from "../../../runtime/banking/payments/store.ts";
import { forgetConfirmations } from "../../../runtime/banking/retention.ts";
import { NOW, startBank, type TestBank } from "../../../runtime/banking/testing/bank.ts";
import { initiating, transferOf } from "../../../runtime/banking/testing/initiating.ts";
import { fileOf, PAYEE, paying, single } from "../../../runtime/banking/testing/paying.ts";
import { countedIn } from "../../../runtime/banking/unattended.ts";
import { writeAuditLeaf } from "../../../runtime/service/audit-leaf.ts";
import { BERLIN_GROUP_PATH } from "../../../runtime/service/berlin-group.ts";
import { forgetKeys } from "../../../runtime/service/idempotency.ts";
import { createLog } from "../../../runtime/service/logger.ts";
import { dropSequenced, monthsAhead } from "../../../runtime/service/months.ts";
import type { Database } from "../../../runtime/service/postgres.ts";
import { positionOf } from "../../../runtime/service/replica/position-of.ts";
import type { World } from "./world.ts";

/** An account that much happened on, and one like most. */
const [BUSY, USUAL] = ["scale-acc-1-1", "scale-acc-100-1"];

/** Accounts are read, payments of every kind are made, carried out, handed over and sent back. */
export async function bankingJourney(world: World): Promise<void> {
  const { stack, as, at, round } = world;
  const bank = await startBank({ stack, database: as.banking });
  await reads(bank, at);
  await carryOutAuthorised({ ...bank, log: createLog("scale", { level: "silent" }) }, at);
  const path = `${BERLIN_GROUP_PATH}/payments/sepa-credit-transfers/nobody`;
  await bank.send({ path, headers: { "x-request-id": randomUUID() } });
  await payments(bank, round);
  await cancellation(bank, at);
  await bank.stop();

  for (const account of [BUSY, USUAL]) {
    await paymentsOf(as.banking, [account], ["domestic-payment"]);
    await payeesOf(as.banking, [account]);
    await paidBefore(as.banking, account, { scheme: "UK.OBIE.BBAN", identification: "0000000001", name: "" });
    await paidBefore(as.banking, account, { scheme: "UK.OBIE.BBAN", identification: "nobody", name: "" });
  }
  for (const service of [as.banking, as.consent]) {
    await monthsAhead(service);
    await dropSequenced(service);
    for (const minutes of [0, 10 + 10 * round])
      await forgetKeys(service, new Date(at.getTime() + minutes * 60_000));
  }
  // Asked of the primary and of its replicas alike.
  await positionOf(as.banking, "primary");
  await countedIn(as.banking)("scale-con-11", "/accounts", at);
  const id = `new-${round}`;
  const password = { salt: Buffer.alloc(16), hash: Buffer.alloc(32), cost: 16_384 };
  await as.seed.transaction((tx) =>
    addCustomer(tx, { id, name: "New", createdAt: at, username: id, password }),
  );
  await openAccount(as.seed, { ...clearingAccount("KES", at), id, identification: id, customer: id });
  const personal = { customer: id, fields: { name: "New" } };
  await as.banking.transaction((tx) => writeAuditLeaf(tx, { at, subject: id, value: {}, personal }));
}

async function reads({ bank, database }: TestBank, at: Date): Promise<void> {
  // What the service asks to know whether its database answers.
  await database.query("select 1 from accounts limit 1");
  await bank.login("scale-1", "wrong");
  await bank.accountsOf("scale-cus-1");
  await bank.exists(BUSY);
  const from = new Date(at.getTime() - 90 * 86_400_000);
  for (const account of [BUSY, USUAL]) {
    const query: TransactionQuery = {
      accounts: [account],
      from,
      to: at,
      credits: true,
      debits: true,
      limit: 25,
    };
    const first = await bank.transactions(query);
    const beside = first?.transactions.at(-1)?.id ?? "";
    await bank.transactions({ ...query, place: { towards: "older", beside } });
    await bank.transactions({ ...query, place: { towards: "newer", beside } });
    await bank.transaction(beside, query);
  }
}

async function payments(bank: TestBank, round: number): Promise<void> {
  const world = paying(bank);
  // All rounds in one month: the first row of a month also lays out its pages.
  const later = (days: number): Date => new Date(NOW.getTime() + (10 + round * 3 + days) * 86_400_000);
  await world.pay(await world.consented("domestic-payment", { Initiation: single("1.00") }));
  const again = await world.consented("domestic-payment", { Initiation: single("9000.01") });
  const key = randomUUID();
  const { body } = await world.pay(again, { key });
  await world.pay(again, { key });
  await world.look("domestic-payment", body.Data["DomesticPaymentId"]);
  const RequestedExecutionDateTime = later(1).toISOString();
  await world.pay(
    await world.consented("domestic-scheduled-payment", {
      Initiation: { ...single("2.00"), RequestedExecutionDateTime },
    }),
  );
  const { file, Initiation } = fileOf(single("3.00"), single("4.00"));
  await world.pay(await world.consented("file-payment", { Initiation }, { file }));
  const recurring = await world.consented("domestic-vrp", LIMITS);
  const Instruction = { ...single("5.00"), CreditorAccount: PAYEE };
  const data = {
    PSUAuthenticationMethod: "UK.OBIE.SCANotRequired",
    VRPType: "UK.OBIE.VRPType.Sweeping",
    Instruction,
  };
  const vrp = await world.pay(recurring, { data });
  if (vrp.status !== 201) throw new Error(JSON.stringify(vrp.body));
  // More than she has: given back to the consent at once.
  const poor = { ...data, Instruction: { ...single("99999999.00"), CreditorAccount: PAYEE } };
  await world.pay(await world.consented("domestic-vrp", LIMITS), { data: poor });
  await world.carryOut(later(2));
  const unreadable = `unreadable-${round}`;
  await insertPayment(bank.database, {
    ...(await onePayment(bank.database)),
    id: unreadable,
    initiation: {},
    nextAt: later(2),
  });
  await bank.payments.carryOutNext(later(2)).catch((error: unknown) => {
    if (!String(error).includes(unreadable)) throw error;
  });
  await bank.database.query("update payments set next_at = null where id = $1", [unreadable]);
  await world.dispatch(later(2), { send: async () => ({ status: "RJCT", reason: "AC04" }) });

  await withCore(bank, later(2));

  const { id, context } = await world.consented("funds-confirmation", { DebtorAccount: PAYEE });
  const InstructedAmount = { Amount: "1.00", Currency: "KES" };
  const path = "/open-banking/v4.0/cbpii/funds-confirmations";
  const payload = { Data: { ConsentId: id, Reference: "r-1", InstructedAmount } };
  await bank.send({ method: "POST", path, payload, context });
  await forgetConfirmations(bank.database, later(2));
}

/** A payment of a later day that a partner of the Berlin Group initiated, and its customer cancels. */
async function cancellation(bank: TestBank, at: Date): Promise<void> {
  const made = initiating(bank);
  const { sent, Initiation } = transferOf("6.00");
  const RequestedExecutionDateTime = new Date(at.getTime() + 86_400_000).toISOString();
  const dated = { ...Initiation, RequestedExecutionDateTime };
  const id = await made.taken({ kind: "domestic-scheduled-payment", sent, Initiation: dated });
  await made.cancelling(id, dated);
  await made.carryOut();
}

/** A payment that a core of the bank's own books, and has to give back. */
async function withCore({ stack, database, bank: core }: TestBank, at: Date): Promise<void> {
  const bank = await startBank({ stack, database }, core);
  const world = paying(bank);
  const books: Bookings = { book: async () => ({ status: "ACSP" }), giveBack: async () => undefined };
  await world.pay(await world.consented("domestic-payment", { Initiation: single("9000.01") }));
  await world.book(at, books);
  await world.dispatch(at);
  await world.book(at, books);
  await bank.stop();
}

async function onePayment(database: Database): Promise<Payment> {
  const [payment] = await paymentsOf(database, [BUSY], ["domestic-payment"]);
  if (payment === undefined) throw new Error(`${BUSY} has paid nobody.`);
  return payment;
}

const LIMITS = {
  ControlParameters: {
    MaximumIndividualAmount: { Amount: "999999999.00", Currency: "KES" },
    PeriodicLimits: [
      { PeriodType: "Month", PeriodAlignment: "Consent", Amount: "999999999.00", Currency: "KES" },
    ],
    VRPType: ["UK.OBIE.VRPType.Sweeping"],
    PSUAuthenticationMethods: ["UK.OBIE.SCANotRequired"],
  },
  Initiation: { CreditorAccount: PAYEE },
};
