/** An element: its name without prefix, its attributes, and either words or elements. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly Element[];
}

/** Makes an element; what is undefined is left out. */
export function element(
  name: string,
  content: string | readonly (Element | undefined)[],
  attributes: Readonly<Record<string, string>> = {},
): Element {
  const children = typeof content === "string" ? [] : content.filter((child) => child !== undefined);
  return { name, attributes, text: typeof content === "string" ? content : "", children };
}

/** The first child of a name. */
export function child(parent: Element | undefined, name: string): Element | undefined {
  return parent?.children.find((each) => each.name === name);
}

/** All children of a name. */
export function childrenOf(parent: Element | undefined, name: string): readonly Element[] {
  return parent?.children.filter((each) => each.name === name) ?? [];
}

/** The element that a path of names leads to. */
export function at(parent: Element | undefined, ...path: readonly string[]): Element | undefined {
  return path.reduce<Element | undefined>(child, parent);
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** White space that a parser would change is written as a reference (XML 1.0 sections 2.11 and 3.3.3). */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign)
    .replaceAll(/[\r\n\t]/g, (sign) => `&#${sign.codePointAt(0)};`);

/** A document, without white space between elements. */
export function writeXml(root: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${written(root)}`;
}

function written({ name, attributes, text, children }: Element): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  const content = children.length > 0 ? children.map(written).join("") : escaped(text);
  return `<${name}${given.join("")}>${content}</${name}>`;
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** A declaration, comment, character data, tag, or words. */
const TOKEN =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
/** Deeper documents are refused. */
const DEEPEST = 64;

/**
 * Reads a document as banks send them: elements, attributes, words. Document types are refused, so that there are no
 * entities but XML's own, and nothing is ever fetched.
 *
 * @throws when it is not well formed.
 */
export function parseXml(text: string): Element {
  interface Open {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string>>;
    words: string;
    readonly children: Element[];
  }
  const open: Open[] = [{ name: "", attributes: {}, words: "", children: [] }];
  TOKEN.lastIndex = 0;
  let place = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    place = TOKEN.lastIndex;
    const [, data, closing, tag, attributes = "", empty, words] = token;
    const present = open.at(-1);
    if (present === undefined) throw notXml(place);
    if (data !== undefined) present.words += data;
    else if (words !== undefined) present.words += unescaped(words);
    else if (tag !== undefined && closing === "/") {
      const done = open.pop();
      if (done?.name !== local(tag) || open.length === 0) throw notXml(place);
      open.at(-1)?.children.push(closed(done));
    } else if (tag !== undefined) {
      const next: Open = { name: local(tag), attributes: attributesOf(attributes), words: "", children: [] };
      if (empty === "/") present.children.push(closed(next));
      else open.push(next);
      if (open.length > DEEPEST) throw notXml(place);
    }
  }
  const [root] = open;
  const [only, ...more] = root?.children ?? [];
  if (place < text.length || open.length !== 1 || only === undefined || more.length > 0) throw notXml(place);
  if (root?.words.trim() !== "") throw notXml(place);
  return only;

  function closed({ name, attributes, words, children }: Open): Element {
    return { name, attributes, children, text: children.length > 0 ? "" : words };
  }
}

const local = (name: string): string => name.slice(name.indexOf(":") + 1);

function attributesOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(ATTRIBUTE)].map(([, name = "", double, single = ""]) => [
      name,
      unescaped(double ?? single),
    ]),
  );
}

function unescaped(text: string): string {
  return text.replaceAll(
    /&(?:#x([\da-fA-F]{1,6})|#(\d{1,7})|(\w+));?/g,
    (whole, hex: string, decimal: string, name: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      const sign =
        name === undefined ? (code <= 0x10_ff_ff ? String.fromCodePoint(code) : undefined) : NAMED[name];
      if (sign === undefined || !whole.endsWith(";"))
        throw new Error(`${whole.slice(0, 20)} is no entity of XML.`);
      return sign;
    },
  );
}

function notXml(place: number): Error {
  return new Error(`The document is not well-formed XML at character ${place}.`);
}
