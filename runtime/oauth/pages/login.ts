import { type Html, html } from "./html.ts";
import { page, type Page } from "./layout.ts";

/** What every page of an interaction needs: where its forms go, proof that a form is ours, and who asks. */
export interface FormContext {
  /** Path of the interaction, `/interaction/<uid>`. */
  readonly action: string;
  readonly csrf: string;
  readonly partnerName: string;
  /** What for, in words that go on after its name: `to see some of your account information`. */
  readonly asks: string;
  /** Of a payment: how much goes to whom. */
  readonly pays?: string | undefined;
  /** Origin of the partner's redirect URI. */
  readonly returnOrigin: string;
  readonly problem?: string | undefined;
}

/** The field that proves a form is ours. */
export function csrfField(csrf: string): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}" />`;
}

/** The way out, on every page before the decision. */
export function cancelForm({ action, csrf, partnerName }: FormContext): Html {
  return html`<form method="post" action="${action}/cancel">
    ${csrfField(csrf)}
    <button class="quiet" type="submit">Cancel and return to ${partnerName}</button>
  </form>`;
}

/** The form for user name and password. */
export function loginForm(action: string, csrf: string): Html {
  return html`<form method="post" action="${action}/login">
    ${csrfField(csrf)}
    <label for="username">User name</label>
    <input
      id="username"
      name="username"
      type="text"
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
      maxlength="128"
      required
    />
    <label for="password">Password</label>
    <input
      id="password"
      name="password"
      type="password"
      autocomplete="current-password"
      maxlength="256"
      required
    />
    <button type="submit">Log in</button>
  </form>`;
}

/** Asks for user name and password. */
export function loginPage(context: FormContext): Page {
  const { action, csrf, partnerName, asks, returnOrigin, problem } = context;
  return page({
    title: "Log in to continue",
    problem,
    formTargets: [returnOrigin],
    content: html`<p>
        <strong>${partnerName}</strong> asks ${asks}. Log in with us to look at the request; ${partnerName}
        never sees your password.
      </p>
      ${loginForm(action, csrf)} ${cancelForm(context)}`,
  });
}
