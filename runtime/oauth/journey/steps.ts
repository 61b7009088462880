import type { Bank, BankAccount } from "../bank.ts";
import type { Log } from "../../service/logger.ts";
import { type Attempts, LIMITS } from "./attempts.ts";
import type { OpenInteraction } from "./interaction.ts";
import type { JourneyStore } from "./journey-store.ts";
import type { CodeSender } from "./mailbox.ts";
import { CODE_SECONDS, codeDigest, codeOf, newCode } from "./one-time-code.ts";

/** What the steps to a customer's authentication need. */
export interface StepDeps {
  readonly bank: Bank;
  readonly journeys: JourneyStore;
  readonly attempts: Attempts;
  readonly codes: CodeSender;
  /** Key of forms and codes. */
  readonly key: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** An unpredictable integer from 0 up to but not including its argument. */
  readonly random: (below: number) => number;
}

/** What a customer authenticates for: a partner's request, or her own business with the bank. */
export interface Purpose extends Pick<OpenInteraction, "uid" | "link"> {
  readonly consent: { readonly id: string };
  readonly partner: { readonly clientId: string; readonly displayName: string };
  readonly proposal: { readonly pays?: string } | undefined;
}

/** A step's outcome: undefined when it succeeded, else what the customer must know. */
export type Problem = string | undefined;

const TOO_MANY =
  "There have been too many tries. Wait 15 minutes, then start again from the service that sent you here.";

/** Checks name and password, and sends a code when they are right. */
export async function logIn(
  deps: StepDeps,
  interaction: Purpose,
  { username, password }: { readonly username: unknown; readonly password: unknown },
): Promise<Problem> {
  const { bank, journeys, attempts, log } = deps;
  if (typeof username !== "string" || typeof password !== "string" || username === "" || password === "") {
    return "Enter your user name and your password.";
  }
  if (username.length > 128 || password.length > 256)
    return "That user name and password do not belong together.";
  const who = username.trim().toLowerCase();
  const allowed =
    (await attempts.allow(LIMITS.passwordOfInteraction, interaction.uid)) &&
    (await attempts.allow(LIMITS.passwordOfUser, who));
  if (!allowed) {
    log.warn({ client: interaction.partner.clientId }, "password tries used up");
    return TOO_MANY;
  }
  const customer = await bank.login(username.trim(), password);
  if (customer === undefined) return "That user name and password do not belong together.";
  await attempts.forget(LIMITS.passwordOfUser, who);
  await journeys.loggedIn(interaction.uid, customer);
  return await sendCode(deps, interaction, customer);
}

/** Sends a new code, which replaces the one before. */
export async function sendCode(deps: StepDeps, interaction: Purpose, customer: string): Promise<Problem> {
  const { journeys, attempts, codes, key, clock, random } = deps;
  const { uid, consent, partner, link, proposal } = interaction;
  const allowed =
    (await attempts.allow(LIMITS.codesOfInteraction, uid)) &&
    (await attempts.allow(LIMITS.codesSent, customer));
  if (!allowed) return TOO_MANY;
  const code = newCode(random);
  const now = clock();
  const purpose = { interaction: uid, consent: consent.id, customer, link };
  await journeys.codeMade(uid, {
    digest: codeDigest(key, purpose, code),
    until: now + CODE_SECONDS * 1000,
    link,
  });
  const message = {
    code,
    consent: consent.id,
    partner: partner.displayName,
    ...(proposal?.pays === undefined ? {} : { pays: proposal.pays }),
    sentAt: new Date(now).toISOString(),
  };
  await codes.send(customer, message);
  return undefined;
}

/** Checks a code. */
export async function enterCode(
  { journeys, attempts, key, clock, log }: StepDeps,
  { uid, consent, partner, link }: Purpose,
  customer: string,
  typed: unknown,
): Promise<Problem> {
  const code = codeOf(typed);
  if (code === undefined) return "The code has six digits.";
  if (!(await attempts.allow(LIMITS.codeOfCustomer, customer))) {
    log.warn({ client: partner.clientId, customer }, "code tries used up");
    return TOO_MANY;
  }
  const digest = codeDigest(key, { interaction: uid, consent: consent.id, customer, link }, code);
  const result = await journeys.tryCode(uid, digest, clock());
  switch (result) {
    case "right":
      // She reads what we send her: only codes nobody answers count as a flood.
      await attempts.forget(LIMITS.codeOfCustomer, customer);
      await attempts.forget(LIMITS.codesSent, customer);
      return undefined;
    case "wrong":
      return "That is not the code we sent you. Look at the newest message and try again.";
    case "spent":
    case "expired":
    case "none":
      return "That code can no longer be used. Choose “Send another code”.";
  }
}

/**
 * The accounts a customer ticked, or what is wrong with them.
 *
 * @param ticked as the form sent it: absent, one, or several values.
 * @param own accounts she may choose from.
 * @param most how many she may choose.
 */
export function chosenAccounts(
  ticked: unknown,
  own: readonly BankAccount[],
  most = Infinity,
): { readonly accounts: readonly string[] } | { readonly problem: string } {
  const values: readonly unknown[] = ticked === undefined ? [] : Array.isArray(ticked) ? ticked : [ticked];
  const accounts = own.map(({ accountId }) => accountId).filter((id) => values.includes(id));
  if (accounts.length === 0) return { problem: "Choose at least one account, or do not allow the request." };
  if (accounts.length > most) return { problem: "Choose one account." };
  if (accounts.length !== values.length)
    return { problem: "One of the accounts is not yours. Choose again." };
  return { accounts };
}
