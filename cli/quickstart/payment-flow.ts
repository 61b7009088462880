import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Account } from "./account-api.ts";
import { signatureOf } from "./answer-signature.ts";
import type { Customer } from "./customer.ts";
import { StepFailed } from "./failure.ts";
import type { Exchange } from "./http.ts";
import type { Journal } from "./journal.ts";
import { callPayments, type Initiation, type PaymentCall, paymentFrom } from "./payment-api.ts";
import type { Session } from "./session.ts";

/** A payment that was made. */
export interface MadePayment {
  readonly id: string;
  /** ISO 20022: `ACCC` when the payee has the money. */
  readonly status: string;
}

/** Longest wait for the money to arrive, in ms; within the sandbox it takes about a second. */
const ARRIVAL_PATIENCE = 20_000;

/** A small payment, from the question to the money: the customer confirms exactly this one, and it is made once. */
export async function pay(
  session: Session,
  customer: Customer,
  account: Account,
  journal: Journal,
): Promise<MadePayment> {
  const { authorization } = session;
  const initiation = paymentFrom(account, "1.00");
  const { InstructedAmount: amount, CreditorAccount: payee } = initiation;
  const own = await authorization.clientToken("payments");
  const keys = await session.bankKeys();
  const consentId = await journal.step(
    `payment consent: ${amount.Currency} ${amount.Amount} to ${payee.Name}`,
    () => askFor(session, own.accessToken, initiation),
    (id) => id,
  );
  const pushed = await authorization.push(consentId, "payments");
  const { callback } = await journal.step(
    `customer ${customer.username} confirms it in the browser`,
    () => session.consent(customer, pushed),
    ({ pages }) => pages.join(", "),
  );
  const { accessToken } = await authorization.exchange(callback, pushed);
  const order = {
    path: "/domestic-payments",
    token: accessToken,
    body: { Data: { ConsentId: consentId, Initiation: initiation }, Risk: {} },
    key: randomUUID(),
  };
  const ordered = () => answered(session, order, 201);
  const send = async () => dataOf(await ordered());
  const { DomesticPaymentId: id } = await journal.step("paid", send, ({ Status }) => String(Status));
  await journal.step("sent again under its key it is the same payment", async () => {
    const again = await send();
    if (again["DomesticPaymentId"] !== id)
      throw new StepFailed("a payment that was sent twice was made twice", { next: "tell the bank at once" });
  });
  await journal.step(
    "the bank signed its answer",
    async () => signatureOf(await ordered(), { issuer: authorization.server.issuer, keys, now: Date.now() }),
    (kid) => `key ${kid}`,
  );
  const status = await journal.step(
    "the payee's bank has the money",
    () => arrival(session, own.accessToken, String(id)),
    (state) => state,
  );
  return { id: String(id), status };
}

async function askFor(session: Session, token: string, initiation: Initiation): Promise<string> {
  const body = { Data: { Initiation: initiation }, Risk: {} };
  const answer = await answered(session, { path: "/domestic-payment-consents", token, body }, 201);
  return String(dataOf(answer)["ConsentId"]);
}

/** The status in which a payment ends. */
async function arrival(session: Session, token: string, id: string): Promise<string> {
  const end = performance.now() + ARRIVAL_PATIENCE;
  for (;;) {
    const answer = await answered(session, { path: `/domestic-payments/${id}`, token }, 200);
    const status = String(dataOf(answer)["Status"]);
    if (status === "ACCC") return status;
    if (status === "RJCT" || performance.now() > end) {
      throw new StepFailed(`the payment stands at ${status}`, {
        answer,
        next: "look at the log of the stack's banking service",
      });
    }
    await pause(100);
  }
}

async function answered(session: Session, call: PaymentCall, status: number): Promise<Exchange> {
  const answer = await callPayments(session, call);
  if (answer.status === status) return answer;
  throw new StepFailed(`${call.path} was to answer ${status} and answered ${answer.status}`, {
    answer,
    next: "give the interaction id to the bank; its gateway logs why under it",
  });
}

function dataOf({ body }: Exchange): Readonly<Record<string, unknown>> {
  return (JSON.parse(body) as { readonly Data: Readonly<Record<string, unknown>> }).Data;
}
