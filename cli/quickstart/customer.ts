import type { Browser, Page, Returned } from "./browser.ts";
import { StepFailed } from "./failure.ts";
import type { Field, Form } from "./html-form.ts";

/** A person with accounts at the bank, as the demo data has them. */
export interface Customer {
  /** The bank's own name for the person; the sandbox's mailbox goes by it. */
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

/** What the customer did, in order, in a few words each. */
export interface Journey {
  readonly callback: URL;
  readonly pages: readonly string[];
}

/** Pages after which a customer would have given up: login, code and consent are three. */
const MAX_PAGES = 8;

/**
 * Logs in, gives the one-time code, ticks every account and approves, as a customer would with the pages alone.
 *
 * @param oneTimeCode reads the newest code that the bank sent to the customer.
 * @throws StepFailed when a page is an error page or asks for something a customer would not know.
 */
export async function consentAs(
  customer: Customer,
  browser: Browser,
  authorizationUrl: URL,
  oneTimeCode: () => Promise<string>,
): Promise<Journey> {
  const pages: string[] = [];
  let shown: Page | Returned = await browser.open(authorizationUrl);
  while (shown.shown === "page") {
    const answered: { readonly what: string; readonly next: Promise<Page | Returned> } = answer(shown);
    if (pages.length === MAX_PAGES) throw unexpected(shown, `asked for more than ${MAX_PAGES} pages`);
    pages.push(answered.what);
    shown = await answered.next;
  }
  return { callback: shown.url, pages };

  function answer(page: Page): { what: string; next: Promise<Page | Returned> } {
    if (page.answer.status >= 400) throw unexpected(page, `answered ${page.answer.status}`);
    for (const form of page.forms) {
      const password = form.fields.find((field) => field.type === "password");
      if (password !== undefined)
        return { what: "login", next: browser.submit(page, form, login(form, password)) };
      const code = form.fields.find(isCodeField);
      if (code !== undefined) return { what: "one-time code", next: enterCode(page, form, code) };
      if (form.buttons.some(({ label }) => APPROVE.test(label))) {
        return { what: "consent", next: browser.submit(page, form, { tick: () => true, press: APPROVE }) };
      }
    }
    throw unexpected(page, "shows no form that a customer could fill in");
  }

  function login(form: Form, password: Field) {
    const username = form.fields.find(({ type }) => type === "text" || type === "email");
    return {
      type: { [username?.name ?? "username"]: customer.username, [password.name]: customer.password },
    };
  }

  async function enterCode(page: Page, form: Form, code: Field): Promise<Page | Returned> {
    return browser.submit(page, form, { type: { [code.name]: await oneTimeCode() } });
  }
}

/** The button of a yes, whatever the bank calls it: not "Do not allow". */
const APPROVE = /^(?!.*\bnot\b).*\b(approve|allow|agree|confirm)/i;

function isCodeField({ type, autocomplete, label }: Field): boolean {
  return type !== "hidden" && (autocomplete === "one-time-code" || /\bcode\b/i.test(label));
}

function unexpected(page: Page, what: string): StepFailed {
  return new StepFailed(`the page ${page.url.origin}${page.url.pathname} ${what}`, {
    answer: { ...page.answer, body: page.text },
    next: "open the address in a browser to see the page; the demo customers are made by the seed Job of the stack",
  });
}
