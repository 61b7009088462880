import fc from "fast-check";
import { GROUP, type Kind, VERSION } from "../crds/kind.ts";
import type { Schema } from "./schema.ts";

/** Texts that have harmed programs that trusted their input. */
const HOSTILE = [
  "",
  " ",
  "__proto__",
  "'; DROP TABLE",
  "${jndi:x}",
  "{{7*7}}",
  "\u0000",
  "\u202e",
  "\ud800",
  "\r\n",
  "../..",
  "x".repeat(300),
];

/** Any value that a schema allows, and as far as the API server cannot tell, some that it does not. */
export function arbitraryOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case "string":
      return text(schema);
    case "integer":
    case "number":
      return fc.integer({ min: schema.minimum ?? -1_000_000, max: schema.maximum ?? 1_000_000 });
    case "boolean":
      return fc.boolean();
    case "array": {
      const { minItems = 0, maxItems = 4 } = schema;
      const max = Math.max(minItems, Math.min(maxItems, 4));
      return fc.array(arbitraryOf(schema.items ?? {}), { minLength: minItems, maxLength: max });
    }
    case "object": {
      const properties = Object.entries(schema.properties ?? {});
      const model = Object.fromEntries(properties.map(([name, inner]) => [name, arbitraryOf(inner)]));
      return fc.record(model, { requiredKeys: [...(schema.required ?? [])] });
    }
    case undefined:
    default:
      return fc.jsonValue();
  }
}

function text({ pattern, format, minLength = 0, maxLength = 40 }: Schema): fc.Arbitrary<string> {
  if (format === "date-time")
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString());
  if (pattern !== undefined)
    return fc.stringMatching(new RegExp(pattern)).filter((each) => each.length <= Math.max(maxLength, 64));
  const plain = fc.string({ minLength: Math.min(minLength, 40), maxLength: Math.min(maxLength, 40) });
  return fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: fc.constantFrom(...HOSTILE) });
}

/** Any resource of a kind: new or old, at rest or going, with whatever status an earlier version may have left. */
export function resourceOf(kind: Kind): fc.Arbitrary<unknown> {
  const name = fc.constantFrom("acme", "ke", "a", "x".repeat(63), "acme-2");
  const metadata = fc.record(
    {
      name,
      namespace: fc.constant(kind.scope === "Namespaced" ? "partners" : undefined),
      uid: fc.constantFrom("u-1", "u-2"),
      generation: fc.integer({ min: 1, max: 5 }),
      resourceVersion: fc.constantFrom("1", "22"),
      creationTimestamp: fc.constantFrom("2026-11-22T10:00:00Z", "2030-01-01T00:00:00Z"),
      deletionTimestamp: fc.constant("2026-11-22T20:00:00Z"),
      annotations: fc.dictionary(fc.constantFrom(`${GROUP}/plan`, "__proto__", "other"), fc.string()),
    },
    { requiredKeys: ["name", "namespace", "uid", "generation", "creationTimestamp"] },
  );
  return fc.record(
    {
      apiVersion: fc.constant(`${GROUP}/${VERSION}`),
      kind: fc.constant(kind.kind),
      metadata,
      spec: arbitraryOf(kind.spec as Schema),
      status: arbitraryOf(kind.status as Schema),
    },
    { requiredKeys: ["apiVersion", "kind", "metadata", "spec"] },
  );
}
