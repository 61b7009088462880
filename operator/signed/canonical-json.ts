/** Plain data that JSON can carry. Members that are undefined are left out. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [member: string]: Json | undefined };

/**
 * The one text of a value (RFC 8785): equal data gives equal bytes, so that hashes and signatures can be made again.
 *
 * @throws Error for numbers JSON has no form for.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${value} has no form in JSON.`);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  // Sorted by UTF-16 code units, as section 3.2.3 demands and `<` compares.
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const texts = members.flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}:${canonicalJson(member)}`],
  );
  return `{${texts.join(",")}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
