import type { BankAccount } from "../bank.ts";
import { html, type Html } from "./html.ts";
import { page, type Page } from "./layout.ts";
import { csrfField, type FormContext } from "./login.ts";
import { permissionWords } from "./permission-words.ts";

/** What a customer decides about who lets a partner read. */
export interface AccessView {
  readonly permissions: readonly string[];
  /** When it ends; absent: until taken back. */
  readonly expiresAt?: string | undefined;
  readonly transactionFrom?: string | undefined;
  readonly transactionTo?: string | undefined;
  /** What the partner may use it for, each to follow "only"; absent: its policy says nothing of that. */
  readonly purposes?: readonly string[] | undefined;
  /** What partners get less of: words of the policy. */
  readonly minimisation?: readonly string[] | undefined;
  /** How far back transactions may be read, in days. */
  readonly historyDays: number;
  readonly accounts: readonly BankAccount[];
  /** AccountIds ticked before or shared until now; none at first: the choice is the customer's. */
  readonly chosen: readonly string[];
}

/** Says who asks for what, from which accounts, until when; and takes the decision. */
export function consentPage(context: FormContext, view: AccessView): Page {
  const { action, csrf, partnerName, returnOrigin, problem } = context;
  return page({
    title: `Share information with ${partnerName}?`,
    problem,
    formTargets: [returnOrigin],
    content: html`<form method="post" action="${action}/decision">
      ${csrfField(csrf)}
      <h2>${partnerName} asks to see</h2>
      <ul>
        ${permissionWords(view.permissions).map((words) => html`<li>${words}</li>`)}
      </ul>
      ${view.permissions.some((permission) => permission.startsWith("ReadTransactions")) ? html`<p>${transactionWords(view)}</p>` : undefined}
      ${bounds(partnerName, view)}
      <fieldset>
        <legend>From which accounts?</legend>
        ${view.accounts.map((account) => accountChoice(account, view.chosen))}
      </fieldset>
      <h2>For how long</h2>
      <p>
        ${view.expiresAt === undefined ? "Until you take it back." : `Until ${dateWords(view.expiresAt)}.`}
        You can take it back at any time, here or with ${partnerName}.
      </p>
      <p class="note">${partnerName} can look at this information, but cannot move your money.</p>
      <button type="submit" name="decision" value="approve">Allow</button>
      <button class="quiet" type="submit" name="decision" value="deny">Do not allow</button>
    </form>`,
  });
}

const LESS: Readonly<Record<string, string>> = {
  AccountNumbers: "all of your account numbers but their end",
  Counterparties: "whom you paid and who paid you",
  RunningBalances: "your balance after each transaction",
  TransactionTexts: "the words on your transactions",
};

/** What the bank's policy lets the partner do with it, and keeps from it. */
function bounds(partnerName: string, { purposes = [], minimisation = [] }: AccessView): Html {
  const less = minimisation.flatMap((word) => LESS[word] ?? []);
  return html`${
    purposes.length === 0
      ? undefined
      : html`<h2>What for</h2>
          <p>${partnerName} may use it only</p>
          <ul>
            ${purposes.map((purpose) => html`<li>${purpose}</li>`)}
          </ul>`
  }
  ${less.length === 0 ? undefined : html`<p>${partnerName} is not given: ${less.join("; ")}.</p>`}`;
}

/** One of the customer's accounts, to be ticked. */
export function accountChoice(
  { accountId, nickname, identification, currency }: BankAccount,
  chosen: readonly string[],
  type: "checkbox" | "radio" = "checkbox",
): Html {
  const name = nickname ?? "Account";
  const number = identification === undefined ? "" : ` ${identification}`;
  const ticked = chosen.includes(accountId) ? html` checked` : undefined;
  return html`<label class="choice"
    ><input type="${type}" name="account" value="${accountId}" ${ticked} /><span
      >${name}${number} (${currency})</span
    ></label
  > `;
}

function transactionWords({ transactionFrom, transactionTo, historyDays }: AccessView): string {
  const back = `transactions of the last ${historyDays} days`;
  if (transactionFrom === undefined && transactionTo === undefined) return `This includes ${back}.`;
  const from = transactionFrom === undefined ? "" : ` from ${dateWords(transactionFrom)}`;
  const to = transactionTo === undefined ? "" : ` to ${dateWords(transactionTo)}`;
  return `This includes ${back}, only those${from}${to}.`;
}

/** A day in words, in UTC: `1 March 2027`. */
export function dateWords(time: string): string {
  return new Date(time).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
}
