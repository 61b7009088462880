import type { ConsentSnapshot } from "../../service/consent-snapshot.ts";
import { codeForms } from "../pages/code.ts";
import { dateWords } from "../pages/consent.ts";
import { html, type Html } from "../pages/html.ts";
import { page, type Page } from "../pages/layout.ts";
import { csrfField, loginForm } from "../pages/login.ts";
import { permissionWords } from "../pages/permission-words.ts";
import { proposalOf } from "../pages/proposal.ts";

/** What every form of a customer's own pages needs. */
export interface SelfServiceForm {
  readonly action: string;
  readonly csrf: string;
  readonly problem?: string | undefined;
}

/** Asks a customer who wants to see her consents for name and password. */
export function loginPage({ action, csrf, problem }: SelfServiceForm): Page {
  return page({
    title: "Log in to see whom you gave access",
    problem,
    content: html`<p>Here you see which services may use your accounts, and can take that back.</p>
      ${loginForm(action, csrf)}`,
  });
}

/** Asks for the one-time code that was sent. */
export function codePage({ action, csrf, problem }: SelfServiceForm): Page {
  return page({
    title: "Enter the code we sent you",
    problem,
    content: html`<p>
        We sent you a code of six digits. It works for three minutes. Nobody from the bank will ever ask you
        for it.
      </p>
      ${codeForms(action, csrf)}`,
  });
}

/** Every consent of a customer that lives, each with the way to end it. */
export function consentsPage(
  { action, csrf, problem }: SelfServiceForm,
  consents: readonly ConsentSnapshot[],
  nameOf: (clientId: string) => string | undefined,
): Page {
  return page({
    title: "Who may use your accounts",
    problem,
    content: html`${consents.length > 0 ? undefined : html`<p>Nobody may use your accounts now.</p>`}
      ${consents.map((consent) => entry({ action, csrf }, consent, nameOf(consent.clientId)))}
      <p><a href="${action}/export">Everything we keep about these permissions, as a file</a></p>
      <form method="post" action="${action}/logout">
        ${csrfField(csrf)}
        <button class="quiet" type="submit">Log out</button>
      </form>`,
  });
}

function entry(
  { action, csrf }: SelfServiceForm,
  consent: ConsentSnapshot,
  name = "A service that is suspended",
): Html {
  const { id, accounts, statusUpdatedAt, expiresAt } = consent;
  const number = accounts.length === 1 ? "one account" : `${accounts.length} accounts`;
  return html`<section>
    <h2>${name}</h2>
    <p>
      Since ${dateWords(statusUpdatedAt)}${expiresAt === undefined ? "" : `, until ${dateWords(expiresAt)}`},
      for ${number}:
    </p>
    ${what(consent, name)}
    <form method="post" action="${action}/withdraw">
      ${csrfField(csrf)}
      <input type="hidden" name="consent" value="${id}" />
      <button type="submit">Take this back from ${name}</button>
    </form>
  </section> `;
}

function what({ kind = "account-access", permissions, request = {} }: ConsentSnapshot, name: string): Html {
  const proposal = proposalOf(kind, request, name);
  if (proposal === undefined)
    return html`<ul>
      ${permissionWords(permissions).map((words) => html`<li>${words}</li>`)}
    </ul>`;
  return html`<dl>
    ${proposal.facts.map(
      ({ term, text }) =>
        html`<dt>${term}</dt>
          <dd>${text}</dd> `,
    )}
  </dl>`;
}
