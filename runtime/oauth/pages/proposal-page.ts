import type { BankAccount } from "../bank.ts";
import { accountChoice } from "./consent.ts";
import { html } from "./html.ts";
import { page, type Page } from "./layout.ts";
import { csrfField, type FormContext } from "./login.ts";
import type { Proposal } from "./proposal.ts";

/** A proposal, and the accounts it may be about. */
export interface ProposalView extends Proposal {
  readonly accounts: readonly BankAccount[];
  /** AccountIds ticked before; none at first: the choice is the customer's. */
  readonly chosen: readonly string[];
}

/** Says exactly what is to be done with the customer's money, from which account; and takes the decision. */
export function proposalPage(context: FormContext, view: ProposalView): Page {
  const { action, csrf, partnerName, returnOrigin, problem } = context;
  const { title, facts, question, note, accounts, chosen } = view;
  return page({
    title,
    problem,
    formTargets: [returnOrigin],
    content: html`<form method="post" action="${action}/decision">
      ${csrfField(csrf)}
      <p><strong>${partnerName}</strong> asks for this:</p>
      <dl>
        ${facts.map(
          ({ term, text }) =>
            html`<dt>${term}</dt>
              <dd>${text}</dd> `,
        )}
      </dl>
      <fieldset>
        <legend>${question}</legend>
        ${accounts.map((account) => accountChoice(account, chosen, "radio"))}
        ${accounts.length > 0 ? undefined : html`<p>${partnerName} named an account that is not yours.</p>`}
      </fieldset>
      <p class="note">${note}</p>
      <button type="submit" name="decision" value="approve">Allow</button>
      <button class="quiet" type="submit" name="decision" value="deny">Do not allow</button>
    </form>`,
  });
}
