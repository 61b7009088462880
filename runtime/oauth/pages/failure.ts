import { html } from "./html.ts";
import { page, type Page } from "./layout.ts";

/** A dead end: what happened, what to do, and a word that support understands. */
export function failurePage({
  heading,
  text,
  code,
}: {
  readonly heading: string;
  readonly text: string;
  readonly code: string;
}): Page {
  return page({
    title: heading,
    content: html`<p>${text}</p>
      <p>If you ask us for help, mention: <code>${code}</code></p>`,
  });
}
