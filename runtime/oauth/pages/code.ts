import { html, type Html } from "./html.ts";
import { page, type Page } from "./layout.ts";
import { cancelForm, csrfField, type FormContext } from "./login.ts";

/** The forms for the code, and for another one. */
export function codeForms(action: string, csrf: string): Html {
  return html`<form method="post" action="${action}/code">
      ${csrfField(csrf)}
      <label for="code">Code</label>
      <input
        id="code"
        name="code"
        type="text"
        inputmode="numeric"
        autocomplete="one-time-code"
        pattern="[0-9 ]*"
        maxlength="12"
        required
      />
      <button type="submit">Continue</button>
    </form>
    <form method="post" action="${action}/another-code">
      ${csrfField(csrf)}
      <button class="quiet" type="submit">Send another code</button>
    </form>`;
}

/** Asks for the one-time code that was sent. */
export function codePage(context: FormContext): Page {
  const { action, csrf, partnerName, pays, returnOrigin, problem } = context;
  return page({
    title: "Enter the code we sent you",
    problem,
    formTargets: [returnOrigin],
    content: html`${pays === undefined ? undefined : html`<p class="note">The code allows one thing only: <strong>${pays}</strong>.</p>`}
      <p>
        We sent you a code of six digits. It is for the request of <strong>${partnerName}</strong> only and
        works for three minutes. Nobody from the bank will ever ask you for it.
      </p>
      ${codeForms(action, csrf)} ${cancelForm(context)}`,
  });
}
