/** Text that is HTML already. Made by {@link html}, or from a constant of ours. */
export interface Html {
  readonly markup: string;
}

/** What may stand in a template: text is escaped, HTML is not, lists are joined, undefined is nothing. */
export type Content = string | number | Html | undefined | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** HTML with every value in it escaped; attributes must be quoted. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { markup: parts.map((part, index) => part + textOf(values[index])).join("") };
}

function textOf(content: Content): string {
  if (content === undefined) return "";
  if (typeof content === "string" || typeof content === "number") {
    return String(content).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
  }
  return "markup" in content ? content.markup : content.map(textOf).join("");
}
