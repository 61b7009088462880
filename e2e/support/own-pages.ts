import { createBrowser, type Page, type Returned } from "../../cli/quickstart/browser.ts";
import type { Customer } from "../../cli/quickstart/customer.ts";
import type { Form } from "../../cli/quickstart/html-form.ts";
import { createHttp } from "../../cli/quickstart/http.ts";
import { newestCode } from "../../cli/quickstart/mailbox.ts";
import type { Bank } from "./bank.ts";
import type { Visitor } from "./visitor.ts";

/** A customer's own pages of the bank, after she has proved who she is. */
export interface OwnPages {
  /** What she reads now. */
  text(): string;
  /** Presses the first button with these words, in the form that speaks of `about` when that is given. */
  press(words: RegExp, about?: string): Promise<void>;
  /** What an address of the bank's answers her. */
  read(path: string): Promise<string>;
  close(): Promise<void>;
}

/** Logs a customer in where she sees whom she gave access; the visitor's connection reads her one-time code. */
export async function openOwnPages(bank: Bank, visitor: Visitor, customer: Customer): Promise<OwnPages> {
  const { group, http } = visitor.session;
  const list = `https://${group.auth}/consents`;
  const own = createHttp(bank.network);
  const browser = createBrowser(own, visitor.partner.redirectUri, () => new Date());
  const shown = (next: Page | Returned): Page => {
    if (next.shown === "page" && next.answer.status < 400) return next;
    throw new Error(`The bank's page answered ${next.shown === "page" ? next.text : next.url.href}`);
  };
  const { username, password } = customer;
  const login = shown(await browser.open(list));
  const code = shown(
    await browser.submit(login, formWith(login, /log in/i), { type: { username, password } }),
  );
  const typed = { code: await newestCode(group.mtlsAuth, http, customer.id) };
  let page = shown(await browser.submit(code, formWith(code, /./, "code"), { type: typed }));
  return {
    text: () => page.text,
    async press(words, about) {
      page = shown(await browser.submit(page, formWith(page, words, about), { press: words }));
    },
    read: async (path) => shown(await browser.open(new URL(path, list))).answer.body,
    close: () => own.close(),
  };
}

/** The form with such a button, and a field of that name or value when one is given. */
function formWith({ forms, text }: Page, words: RegExp, about?: string): Form {
  const speaks = ({ fields }: Form): boolean =>
    about === undefined || fields.some(({ name, value }) => name === about || value === about);
  const found = forms.find((form) => form.buttons.some(({ label }) => words.test(label)) && speaks(form));
  if (!found) throw new Error(`No form with ${words} ${about ?? ""} on the page: ${text}`);
  return found;
}
