/** One thing to fill in. */
export interface Field {
  readonly name: string;
  /** As "text", "password", "checkbox", "hidden". */
  readonly type: string;
  readonly value: string;
  /** The words beside it; empty when it has none. */
  readonly label: string;
  readonly checked: boolean;
  /** What the browser may fill in by itself, as "one-time-code". */
  readonly autocomplete: string;
}

/** One way to send a form. */
export interface Button {
  readonly name: string;
  readonly value: string;
  readonly label: string;
}

/** A form of a page. */
export interface Form {
  /** As written in the page; empty means the page itself. */
  readonly action: string;
  readonly method: string;
  readonly fields: readonly Field[];
  readonly buttons: readonly Button[];
}

type Attributes = ReadonlyMap<string, string>;

const TAG = /<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi;
const ATTRIBUTE = /([^\s=/"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

/**
 * The forms of a page, with what a person would read beside each field.
 *
 * Reads plain HTML 5 forms (input, button, label); it runs no script and knows no style.
 */
export function formsOf(html: string): readonly Form[] {
  const labels = labelsOf(html);
  return [...html.matchAll(/<form\b((?:"[^"]*"|'[^']*'|[^'">])*)>([\s\S]*?)<\/form>/gi)].map(
    ([, tag = "", inside = ""]) => {
      const form = attributesOf(tag);
      return {
        action: form.get("action") ?? "",
        method: (form.get("method") ?? "get").toUpperCase(),
        fields: tagsOf(inside, "input")
          .filter((input) => !["submit", "button", "image", "reset"].includes(typeOf(input)))
          .map((input) => fieldOf(input, labels)),
        buttons: buttonsOf(inside),
      };
    },
  );
}

/** A page as the words a person sees, for messages. */
export function textOf(html: string): string {
  const body = html.replace(/<(style|script|head)\b[\s\S]*?<\/\1>/gi, " ");
  return decode(body.replaceAll(TAG, " ")).replaceAll(/\s+/g, " ").trim();
}

function fieldOf(input: Attributes, labels: ReadonlyMap<string, string>): Field {
  const type = typeOf(input);
  return {
    name: input.get("name") ?? "",
    type,
    value: input.get("value") ?? (type === "checkbox" || type === "radio" ? "on" : ""),
    label: labels.get(input.get("id") ?? "") ?? labels.get(wrapped(input)) ?? input.get("aria-label") ?? "",
    checked: input.has("checked"),
    autocomplete: input.get("autocomplete") ?? "",
  };
}

function typeOf(input: Attributes): string {
  return (input.get("type") ?? "text").toLowerCase();
}

function buttonsOf(html: string): readonly Button[] {
  const buttons = [...html.matchAll(/<button\b((?:"[^"]*"|'[^']*'|[^'">])*)>([\s\S]*?)<\/button>/gi)]
    .map(([, tag = "", inside = ""]) => ({ attributes: attributesOf(tag), label: textOf(inside) }))
    .filter(({ attributes }) => (attributes.get("type") ?? "submit") === "submit");
  const inputs = tagsOf(html, "input")
    .filter((input) => typeOf(input) === "submit")
    .map((attributes) => ({ attributes, label: attributes.get("value") ?? "" }));
  return [...buttons, ...inputs].map(({ attributes, label }) => ({
    name: attributes.get("name") ?? "",
    value: attributes.get("value") ?? "",
    label,
  }));
}

/** Label texts by the id they are for, or by name and value of the input they wrap. */
function labelsOf(html: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const [, tag = "", inside = ""] of html.matchAll(
    /<label\b((?:"[^"]*"|'[^']*'|[^'">])*)>([\s\S]*?)<\/label>/gi,
  )) {
    const text = textOf(inside);
    const target = attributesOf(tag).get("for");
    if (target !== undefined) labels.set(target, text);
    for (const input of tagsOf(inside, "input")) labels.set(wrapped(input), text);
  }
  return labels;
}

/** A key no id can be: ids have no spaces. */
function wrapped(input: Attributes): string {
  return `wrapped ${input.get("name") ?? ""} ${input.get("value") ?? ""}`;
}

function tagsOf(html: string, name: string): readonly Attributes[] {
  return [...html.matchAll(TAG)]
    .filter(([, closing, tag]) => closing === "" && tag?.toLowerCase() === name)
    .map(([, , , attributes = ""]) => attributesOf(attributes));
}

function attributesOf(text: string): Attributes {
  return new Map(
    [...text.matchAll(ATTRIBUTE)].map(([, name = "", double, single, bare]) => [
      name.toLowerCase(),
      decode(double ?? single ?? bare ?? ""),
    ]),
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
};

function decode(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return ENTITIES[name?.toLowerCase() ?? ""] ?? whole;
    },
  );
}
