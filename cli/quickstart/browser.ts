import { createCookieJar } from "./cookie-jar.ts";
import { StepFailed } from "./failure.ts";
import { type Form, formsOf, textOf } from "./html-form.ts";
import type { Exchange, Http } from "./http.ts";

/** A page that is shown. */
export interface Page {
  readonly shown: "page";
  readonly url: URL;
  readonly forms: readonly Form[];
  /** What a person reads. */
  readonly text: string;
  readonly answer: Exchange;
}

/** The browser was sent back to the partner, whose host it does not open. */
export interface Returned {
  readonly shown: "callback";
  readonly url: URL;
}

/** How a person fills a form: what to type by field name, which boxes to tick, which button to press. */
export interface Filled {
  readonly type?: Readonly<Record<string, string>>;
  readonly tick?: (label: string) => boolean;
  /** Matches the button's words; the first button when absent. */
  readonly press?: RegExp;
}

/** A small browser for plain HTML: cookies, redirects and forms; no script, no style. */
export interface Browser {
  open(url: string | URL): Promise<Page | Returned>;
  submit(page: Page, form: Form, filled: Filled): Promise<Page | Returned>;
}

/** Redirects in a row after which a real browser gives up too. */
const MAX_REDIRECTS = 20;

/** @param callback the partner's redirect URI: arriving there ends the journey. */
export function createBrowser(http: Http, callback: string, clock: () => Date): Browser {
  const cookies = createCookieJar(clock);

  async function load(first: URL, method: string, form?: string): Promise<Page | Returned> {
    let url = first;
    let body = form;
    let verb = method;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const answer = await http.send(url, { method: verb, headers: headersFor(url, body), body });
      cookies.store(url, answer.headers.getSetCookie());
      const location = answer.headers.get("location");
      if (answer.status < 300 || answer.status > 399 || location === null) return page(url, answer);
      url = new URL(location, url);
      if (isCallback(url, callback)) return { shown: "callback", url };
      // 303 always becomes GET (RFC 9110 section 15.4.4), and browsers do so for 301 and 302; only 307 and 308 repeat the form.
      if (answer.status !== 307 && answer.status !== 308) [verb, body] = ["GET", undefined];
    }
    throw new StepFailed(`${first.origin}${first.pathname} redirected more than ${MAX_REDIRECTS} times`, {
      next: "read the log of oauth for this interaction; a loop usually means that a cookie was refused",
    });
  }

  function headersFor(url: URL, body: string | undefined): Record<string, string> {
    const cookie = cookies.header(url);
    return {
      accept: "text/html",
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined
        ? {}
        : { "content-type": "application/x-www-form-urlencoded", origin: url.origin }),
    };
  }

  return {
    open: (url) => load(new URL(url), "GET"),
    submit(from, form, filled) {
      const data = new URLSearchParams(entriesOf(form, filled)).toString();
      const url = new URL(form.action === "" ? from.url : form.action, from.url);
      if (form.method === "POST") return load(url, "POST", data);
      url.search = data;
      return load(url, "GET");
    },
  };
}

function page(url: URL, answer: Exchange): Page {
  return { shown: "page", url, forms: formsOf(answer.body), text: textOf(answer.body), answer };
}

function isCallback(url: URL, callback: string): boolean {
  const wanted = new URL(callback);
  return url.origin === wanted.origin && url.pathname === wanted.pathname;
}

/** What a browser would send: hidden and typed fields, ticked boxes, and the button that was pressed. */
function entriesOf(form: Form, { type = {}, tick = () => false, press }: Filled): [string, string][] {
  const fields = form.fields
    .filter((field) => field.name !== "")
    .filter((field) => !["checkbox", "radio"].includes(field.type) || field.checked || tick(field.label))
    .map((field): [string, string] => [field.name, type[field.name] ?? field.value]);
  const button = press === undefined ? form.buttons[0] : form.buttons.find(({ label }) => press.test(label));
  return button === undefined || button.name === "" ? fields : [...fields, [button.name, button.value]];
}
