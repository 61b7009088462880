import fc from "fast-check";

/** A JSON Schema as OpenAPI 3.0 has them, as far as a generator looks. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** Deeper parts of a body are left out unless they are required. */
const DEEPEST = 6;

/** Text that software has stumbled over. */
const NASTY = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "\0",
    "\ud800",
    "'; drop table payments; --",
    "{{7*7}}",
    "../../etc/passwd",
    "NaN",
    "-0",
  ),
  fc.constantFrom(
    "9".repeat(400),
    "1e309",
    "__proto__",
    "constructor",
    "2026-02-30T00:00:00Z",
    "\u202e\ufeff",
  ),
  fc.string({ maxLength: 40, unit: "binary" }),
);

/** Anything at all, in place of what a definition wants. */
const anything = fc.oneof(
  NASTY,
  fc.constantFrom(null, true, -1, 0, 1e308, 2 ** 53, [], {}),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
);

/** Bodies as a definition wants them, some of them spoiled somewhere. */
export function bodiesOf(document: object, pointer: string): fc.Arbitrary<unknown> {
  const whole = good(document, { $ref: pointer }, 0);
  return fc.oneof(
    { weight: 2, arbitrary: whole },
    {
      weight: 5,
      arbitrary: fc.tuple(whole, fc.nat(), anything).map(([body, place, by]) => spoiled(body, place, by)),
    },
    { weight: 1, arbitrary: anything },
  );
}

/** A segment of a path or a value of a query or header: an id of ours, or anything. */
export function valuesLike(...known: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...known), NASTY);
}

function good(document: object, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return good(document, resolved(document, schema.$ref), depth);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const [first] = schema.allOf ?? [];
  if (first !== undefined) return good(document, first, depth);
  const some = schema.oneOf ?? schema.anyOf;
  if (some !== undefined) return fc.oneof(...some.map((each) => good(document, each, depth)));
  switch (schema.type) {
    case "integer":
    case "number":
      return fc.integer({ min: 0, max: 1_000 });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(good(document, schema.items ?? {}, depth + 1), { maxLength: 2 });
    case "string":
      return textOf(schema);
    case undefined:
    default:
      return objectOf(document, schema, depth);
  }
}

function textOf({ pattern, format, minLength = 1, maxLength = 35 }: Schema): fc.Arbitrary<string> {
  if (format === "date-time") return fc.constantFrom("2026-12-01T08:00:00Z", "2026-12-01T08:00:00.000+03:00");
  if (pattern?.includes("[A-Z]{3") === true) return fc.constantFrom("KES", "EUR", "XAU");
  if (pattern?.includes("\\d{1,13}") === true)
    return fc.constantFrom("1.00", "0", "9999999999999.99999", "12");
  return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 60)) });
}

function objectOf(
  document: object,
  { properties = {}, required = [] }: Schema,
  depth: number,
): fc.Arbitrary<unknown> {
  const wanted = Object.entries(properties).filter(([name]) => depth < DEEPEST || required.includes(name));
  const members = Object.fromEntries(
    wanted.map(([name, schema]) => [name, good(document, schema, depth + 1)]),
  );
  return fc.record(members, {
    requiredKeys: required.filter((name) => name in members),
    noNullPrototype: true,
  });
}

function resolved(document: object, pointer: string): Schema {
  const names = pointer.replace(/^#\//, "").split("/");
  const found = names.reduce<unknown>((at, name) => {
    const key = decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
    return (at as Readonly<Record<string, unknown>> | undefined)?.[key];
  }, document);
  return (found ?? {}) as Schema;
}

/** The value with one of its parts replaced or, for an even place, taken out. */
function spoiled(value: unknown, place: number, by: unknown): unknown {
  if (typeof value !== "object" || value === null || place % 7 === 0) return by;
  const entries = Object.entries(value);
  const [name = "", member] = entries[place % Math.max(1, entries.length)] ?? [];
  if (Array.isArray(value)) return value.map((item) => spoiled(item, Math.floor(place / 3), by));
  if (name === "" || place % 5 === 0) return { ...value, [place % 2 === 0 ? name : "Unexpected"]: by };
  if (place % 11 === 0) return Object.fromEntries(entries.filter(([each]) => each !== name));
  return { ...value, [name]: spoiled(member, Math.floor(place / 3), by) };
}
