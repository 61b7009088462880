/**
 * JSON with one spelling per value (RFC 8785): members in order of their names as UTF-16, no white space. ECMAScript
 * writes numbers and strings that way already. Members that are undefined are left out, as JSON.stringify does.
 *
 * @throws TypeError for what has no canonical spelling: numbers that are not finite, strings with half a surrogate
 *   pair, and values that are no JSON.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed())
        throw new TypeError("A string with half a surrogate pair has no canonical JSON.");
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical JSON.`);
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value))
        return `[${value.map((item: unknown) => canonicalJson(item ?? null)).join(",")}]`;
      if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
        return canonicalObject(value);
      throw new TypeError(`${value.constructor.name} has no canonical JSON; write it as text first.`);
    case "undefined":
    case "bigint":
    case "symbol":
    case "function":
      throw new TypeError(`Values of type ${typeof value} have no canonical JSON.`);
  }
}

function canonicalObject(value: object): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    // The default order of strings is that of their UTF-16 code units (section 3.2.3).
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
