import { setTimeout as pause } from "node:timers/promises";
import { accountTable, type ReadAccount } from "./account-table.ts";
import type { Customer } from "./customer.ts";
import { StepFailed } from "./failure.ts";
import type { Exchange } from "./http.ts";
import type { Journal } from "./journal.ts";
import { WANTED_PERMISSIONS } from "./partner-resource.ts";
import { type MadePayment, pay } from "./payment-flow.ts";
import { type EnrolledPartner, type Network, openSession, type Session } from "./session.ts";
import type { Group } from "./platform.ts";

/** What came of the journey through one group. */
export interface FlowResult {
  readonly group: string;
  readonly consentId: string;
  readonly accounts: readonly ReadAccount[];
  readonly payment: MadePayment;
  /** The answer after the consent was deleted. */
  readonly refusal: Exchange;
}

/** A consent of the quickstart lives this long, in ms; it deletes it before. */
const CONSENT_LIFE = 24 * 3_600_000;

/** Longest time in which a deleted consent may still read, in ms; the platform promises less than a second. */
const REVOCATION_PATIENCE = 5_000;

/** The partner's whole path through one group: from the discovery document to the refusal after the end. */
export async function runFlow(
  group: Group,
  partner: EnrolledPartner,
  customer: Customer,
  network: Network,
  journal: Journal,
): Promise<FlowResult> {
  const session = await journal.step(
    "discovery",
    () => openSession(group, partner, network),
    ({ authorization }) => authorization.server.issuer,
  );
  try {
    return await journey(session, customer, journal);
  } finally {
    await session.close();
  }
}

async function journey(session: Session, customer: Customer, journal: Journal): Promise<FlowResult> {
  const { authorization, api } = session;
  const own = await journal.step(
    "token of its own, private_key_jwt over mutual TLS",
    () => authorization.clientToken(),
    ({ expiresIn }) => `${expiresIn} s`,
  );
  const expires = new Date(Date.now() + CONSENT_LIFE);
  const consentId = await journal.step(
    "account-access consent",
    () => api.createConsent(own.accessToken, WANTED_PERMISSIONS, expires),
    (id) => id,
  );
  const pushed = await journal.step("pushed authorization request, PKCE S256", () =>
    authorization.push(consentId),
  );
  const { callback } = await journal.step(
    `customer ${customer.username} in the browser`,
    () => session.consent(customer, pushed),
    ({ pages }) => pages.join(", "),
  );
  const tokens = await journal.step(
    "code exchanged, ID token verified",
    () => authorization.exchange(callback, pushed),
    ({ expiresIn }) => `${expiresIn} s`,
  );
  const accounts = await journal.step(
    "accounts, balances, transactions",
    () => readAccounts(session, tokens.accessToken),
    (read) => `${read.length} accounts`,
  );
  journal.print(accountTable(accounts));
  const payment = await pay(session, customer, accounts[0].account, journal);
  // The token of its own lives 600 s, so it still stands for the partner here.
  await journal.step("consent deleted", () => api.deleteConsent(own.accessToken, consentId));
  const refusal = await journal.step(
    "the same token is refused",
    () => refusedAfterEnd(session, tokens.accessToken),
    ({ status, body, interactionId }) =>
      `${status} ${body === "" ? "without a body" : body} (interaction id ${interactionId})`,
  );
  return { group: session.group.name, consentId, accounts, payment, refusal };
}

/** At least one. */
async function readAccounts(
  { api }: Session,
  token: string,
): Promise<readonly [ReadAccount, ...ReadAccount[]]> {
  const read: ReadAccount[] = [];
  for (const account of await api.accounts(token)) {
    const [balances, transactions] = await Promise.all([
      api.balances(token, account.AccountId),
      api.transactions(token, account.AccountId),
    ]);
    read.push({ account, balances, transactions });
  }
  const [first, ...others] = read;
  if (first !== undefined) return [first, ...others];
  throw new StepFailed("the bank gave no account", {
    next: "look at the seed Job of the stack, and whether the Region has demoData: true",
  });
}

/** The first refusal after the consent's end: every gateway hears of it within a second. */
async function refusedAfterEnd({ api }: Session, token: string): Promise<Exchange> {
  const end = performance.now() + REVOCATION_PATIENCE;
  for (;;) {
    const answer = await api.call("GET", "/accounts", token);
    if (answer.status === 401 || answer.status === 403) return answer;
    if (answer.status !== 200 || performance.now() > end) {
      throw new StepFailed(`the deleted consent still answers after ${REVOCATION_PATIENCE / 1000} s`, {
        answer,
        next: "tell the bank: its gateways must refuse a revoked consent within a second",
      });
    }
    await pause(20);
  }
}
