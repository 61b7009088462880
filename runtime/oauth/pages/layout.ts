import { html, type Content } from "./html.ts";
import { contentPolicy, STYLE } from "./style.ts";

/** In one piece, because its hash counts every space: a formatter may not put any between. */
const STYLE_ELEMENT = { markup: `<style>${STYLE}</style>` };

/** A page, ready to be sent. */
export interface Page {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a page says, line by line, without its markup: what is kept as evidence of what a customer saw. */
export function wordsOf({ body }: Pick<Page, "body">): string {
  const main = /<main>([\s\S]*)<\/main>/.exec(body)?.[1] ?? "";
  return main
    .replaceAll(/<\/?(?:h[12]|p|li|ul|dl|dt|dd|legend|fieldset|form|label|button)\b[^>]*>/g, "\n")
    .replaceAll(/<input\b[^>]*\schecked\b[^>]*>/g, "[x] ")
    .replaceAll(/<input\b[^>]*type="(?:checkbox|radio)"[^>]*>/g, "[ ] ")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => CHARACTERS[name] ?? "")
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim())
    .filter((line) => line !== "")
    .join("\n");
}

const CHARACTERS: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** What every page consists of. */
export interface PageOptions {
  readonly title: string;
  readonly content: Content;
  /** What the customer must correct; announced by screen readers and named in the title. */
  readonly problem?: string | undefined;
  /** Origins besides our own that the page's forms may lead to. */
  readonly formTargets?: readonly string[];
}

/** A whole page. It needs no script, is not stored, and cannot be framed. */
export function page({ title, content, problem, formTargets = [] }: PageOptions): Page {
  const warning = problem === undefined ? undefined : html`<p class="problem" role="alert">${problem}</p>`;
  const body = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${problem === undefined ? "" : "Problem: "}${title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${warning} ${content}
        </main>
      </body>
    </html> `;
  return {
    body: body.markup,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": contentPolicy(formTargets),
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "cross-origin-opener-policy": "same-origin",
    },
  };
}
