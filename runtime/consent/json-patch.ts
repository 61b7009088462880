import { isDeepStrictEqual } from "node:util";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";

/** RFC 6901, of anything but the whole document. */
const Pointer = Type.String({ pattern: "^(/([^/~]|~0|~1)*)+$", maxLength: 500 });
const Value = Type.Unknown();

/**
 * Changes to a JSON document (RFC 6902), in order. `copy` is not taken: nothing that is migrated stands in two places, and
 * copies of copies grow without bound.
 */
export const JsonPatch = Type.Array(
  Type.Union([
    Type.Object({ op: Type.Literal("add"), path: Pointer, value: Value }),
    Type.Object({ op: Type.Literal("replace"), path: Pointer, value: Value }),
    Type.Object({ op: Type.Literal("test"), path: Pointer, value: Value }),
    Type.Object({ op: Type.Literal("remove"), path: Pointer }),
    Type.Object({ op: Type.Literal("move"), from: Pointer, path: Pointer }),
  ]),
  { minItems: 1, maxItems: 50 },
);
export type JsonPatch = Static<typeof JsonPatch>;
type Operation = JsonPatch[number];

const jsonPatch = Compile(JsonPatch);

/** Whether something is a patch that can be tried. */
export function isJsonPatch(value: unknown): value is JsonPatch {
  return jsonPatch.Check(value);
}

/** The document afterwards, or the pointer at which the patch does not fit it: all of a patch is done, or nothing. */
export type Patched =
  | { readonly ok: true; readonly document: unknown }
  | { readonly ok: false; readonly at: string };

/** What a patch makes of a document, which stays as it is. */
export function patched(document: unknown, patch: JsonPatch): Patched {
  let now = document;
  for (const operation of patch) {
    const next = applied(now, operation);
    if (next === undefined) return { ok: false, at: operation.path };
    now = next.value;
  }
  return { ok: true, document: now };
}

/** What stands somewhere. */
interface Place {
  readonly value: unknown;
}

/** The document after one operation; undefined when that does not fit it. */
function applied(document: unknown, operation: Operation): Place | undefined {
  const path = segmentsOf(operation.path);
  const old = valueAt(document, path);
  switch (operation.op) {
    case "add":
      return edited(document, path, "insert", operation.value);
    case "replace":
      return old && edited(document, path, "set", operation.value);
    case "remove":
      return old && edited(document, path, "drop");
    case "test":
      return old && isDeepStrictEqual(old.value, operation.value) ? { value: document } : undefined;
    case "move": {
      const from = segmentsOf(operation.from);
      const taken = valueAt(document, from);
      const without = taken && edited(document, from, "drop");
      return without && edited(without.value, path, "insert", taken?.value);
    }
  }
}

function valueAt(document: unknown, path: readonly string[]): Place | undefined {
  return path.reduce<Place | undefined>((place, segment) => place && memberOf(place.value, segment), {
    value: document,
  });
}

function memberOf(document: unknown, segment: string): Place | undefined {
  const named = Array.isArray(document) ? INDEX.test(segment) : isObject(document);
  return named && Object.hasOwn(document as object, segment)
    ? { value: (document as Readonly<Record<string, unknown>>)[segment] }
    : undefined;
}

type Manner = "insert" | "set" | "drop";

function edited(
  document: unknown,
  [segment = "", ...rest]: readonly string[],
  manner: Manner,
  value?: unknown,
): Place | undefined {
  if (rest.length > 0) {
    const old = memberOf(document, segment);
    const inner = old && edited(old.value, rest, manner, value);
    return inner && changed(document, segment, "set", inner.value);
  }
  return changed(document, segment, manner, value);
}

function changed(document: unknown, segment: string, manner: Manner, value: unknown): Place | undefined {
  if (Array.isArray(document)) {
    const end = segment === "-" && manner === "insert";
    const index = end ? document.length : INDEX.test(segment) ? Number(segment) : Infinity;
    if (index > document.length) return undefined;
    const here = manner === "drop" ? [] : [value];
    return { value: document.toSpliced(index, manner === "insert" ? 0 : 1, ...here) };
  }
  if (!isObject(document)) return undefined;
  // A computed name is a member of the new object itself, `__proto__` too.
  if (manner !== "drop") return { value: { ...document, [segment]: value } };
  const { [segment]: _gone, ...others } = document;
  return { value: others };
}

/** RFC 6901 section 4: no sign, no leading zero. */
const INDEX = /^(0|[1-9]\d{0,8})$/;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function segmentsOf(pointer: string): readonly string[] {
  return pointer
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}
