import type { ConsentSnapshot } from "../../service/consent-snapshot.ts";
import type { PrivacyState, Wish } from "../consents.ts";
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

/** Every consent of a customer that lives, each with the way to end it; those that ended last; and a receipt of each. */
export function consentsPage(
  { action, csrf, problem }: SelfServiceForm,
  {
    living,
    ended,
    privacy,
  }: {
    readonly living: readonly ConsentSnapshot[];
    readonly ended: readonly ConsentSnapshot[];
    readonly privacy: PrivacyState;
  },
  nameOf: (clientId: string) => string | undefined,
): Page {
  return page({
    title: "Who may use your accounts",
    problem,
    content: html`${living.length > 0 ? undefined : html`<p>Nobody may use your accounts now.</p>`}
      ${living.map((consent) => entry({ action, csrf }, consent, nameOf(consent.clientId)))}
      ${whatEnded({ action }, ended, nameOf)} ${yourData({ action, csrf }, privacy, living.length > 0)}
      <form method="post" action="${action}/logout">
        ${csrfField(csrf)}
        <button class="quiet" type="submit">Log out</button>
      </form>`,
  });
}

const ENDS: Readonly<Partial<Record<ConsentSnapshot["status"], string>>> = { COND: "used", EXPD: "over" };

function whatEnded(
  { action }: Pick<SelfServiceForm, "action">,
  ended: readonly ConsentSnapshot[],
  nameOf: (clientId: string) => string | undefined,
): Html | undefined {
  if (ended.length === 0) return undefined;
  return html`<section>
    <h2>What has ended</h2>
    <ul>
      ${ended.map(
        ({ id, clientId, status, statusUpdatedAt }) =>
          html`<li>
            ${nameOf(clientId) ?? UNNAMED}: ${ENDS[status] ?? "ended"} on ${dateWords(statusUpdatedAt)}.
            <a href="${action}/receipts/${id}">Receipt</a>
          </li> `,
      )}
    </ul>
  </section>`;
}

/** What she may ask about her data, and what became of what she asked. */
function yourData(form: SelfServiceForm, { requests, restrictedSince }: PrivacyState, lives: boolean): Html {
  // Who has come back since may ask again.
  const erasing = requests.some(
    ({ kind, answer }) => kind === "erasure" && (answer === undefined || (answer !== "Refused" && !lives)),
  );
  return html`<section>
    <h2>Your data</h2>
    <p><a href="${form.action}/export">Everything we keep about you here, as a file</a></p>
    ${
      restrictedSince === undefined
        ? wish(form, "restriction", "Give my data to nobody for now")
        : html`<p>Since ${dateWords(restrictedSince)} we give your data to nobody.</p>
            ${wish(form, "end-of-restriction", "Give it again to those I allowed")}`
    }
    ${
      erasing
        ? undefined
        : html`<p>
              We can erase what we keep about you here. Your permissions end at once. What the law makes us
              keep stays until its time is over, and is used for nothing else.
            </p>
            ${wish(form, "erasure", "Erase what may be erased")}`
    }
    ${
      requests.length === 0
        ? undefined
        : html`<ul>
            ${requests.map((request) => html`<li>${requestWords(request)}</li>`)}
          </ul>`
    }
  </section>`;
}

function wish({ action, csrf }: SelfServiceForm, kind: Wish, words: string): Html {
  return html`<form method="post" action="${action}/${kind}">
    ${csrfField(csrf)}
    <button class="quiet" type="submit">${words}</button>
  </form>`;
}

const ASKED: Readonly<Record<string, string>> = {
  access: "what we keep about you",
  rectification: "to correct something",
  erasure: "to be forgotten",
  restriction: "to give your data to nobody",
  objection: "to stop using your data",
};
const ANSWERED: Readonly<Record<string, string>> = {
  Granted: "done",
  GrantedInPart: "done, but for what the law makes us keep",
  Refused: "not done",
};

function requestWords({ kind, askedAt, dueAt, answer, because }: PrivacyState["requests"][number]): string {
  const asked = `${dateWords(askedAt)}: you asked ${ASKED[kind] ?? kind}`;
  if (answer === undefined) return `${asked}; we answer until ${dateWords(dueAt)}`;
  return `${asked}; ${ANSWERED[answer] ?? answer}${because === undefined ? "" : `: ${because}`}`;
}

const UNNAMED = "A service that is suspended";

function entry({ action, csrf }: SelfServiceForm, consent: ConsentSnapshot, name = UNNAMED): Html {
  const { id, accounts, statusUpdatedAt, expiresAt } = consent;
  const number = accounts.length === 1 ? "one account" : `${accounts.length} accounts`;
  return html`<section>
    <h2>${name}</h2>
    <p>
      Since ${dateWords(statusUpdatedAt)}${expiresAt === undefined ? "" : `, until ${dateWords(expiresAt)}`},
      for ${number}:
    </p>
    ${what(consent, name)}
    <p><a href="${action}/receipts/${id}">Receipt of what you allowed, signed</a></p>
    <form method="post" action="${action}/withdraw">
      ${csrfField(csrf)}
      <input type="hidden" name="consent" value="${id}" />
      <button type="submit">Take this back from ${name}</button>
    </form>
  </section> `;
}

function what(consent: ConsentSnapshot, name: string): Html {
  const { kind = "account-access", permissions, request = {}, payments } = consent;
  const proposal = proposalOf(kind, request, name, payments);
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
