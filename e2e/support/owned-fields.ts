import type { KubeObject } from "../../kube/object.ts";

export type Scalar = string | number | boolean;

/** One value that a field manager set. */
export interface Leaf {
  /** RFC 6901. */
  readonly pointer: string;
  readonly value: Scalar;
}

interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1?: Fields;
}

/** A tree as in `metadata.managedFields`: `f:name`, `k:{"key":…}`, `v:value`; an empty one is a leaf. */
interface Fields {
  readonly [step: string]: Fields;
}

/**
 * Every value that a manager applied to an object, read from the API server's own record of who set what.
 *
 * Left out: the keys by which lists are merged (changing one makes another entry, it changes no field), and members of
 * sets. A map or list that is set as a whole counts as its first value.
 */
export function ownedLeaves(object: KubeObject, manager: string): readonly Leaf[] {
  const entries = (object.metadata.managedFields ?? []) as readonly ManagedFields[];
  return entries
    .filter(
      (entry) => entry.manager === manager && entry.operation === "Apply" && entry.subresource === undefined,
    )
    .flatMap(({ fieldsV1 = {} }) => leavesUnder(fieldsV1, object, ""));
}

function leavesUnder(fields: Fields, value: unknown, pointer: string): readonly Leaf[] {
  const steps = Object.entries(fields).filter(([step]) => step !== ".");
  if (steps.length === 0) return firstLeaf(value, pointer);
  return steps.flatMap(([step, under]) => {
    const [kind, rest] = [step.slice(0, 2), step.slice(2)];
    if (kind === "f:") return leavesUnder(under, member(value, rest), `${pointer}/${escaped(rest)}`);
    if (kind === "k:") return entryLeaves(JSON.parse(rest) as Key, under, value, pointer);
    return [];
  });
}

type Key = Readonly<Record<string, unknown>>;

function entryLeaves(key: Key, fields: Fields, list: unknown, pointer: string): readonly Leaf[] {
  if (!Array.isArray(list)) return [];
  const index = list.findIndex((entry) =>
    Object.entries(key).every(([name, value]) => member(entry, name) === value),
  );
  if (index < 0) return [];
  const at = `${pointer}/${index}`;
  const keys = new Set(Object.keys(key).map((name) => `${at}/${escaped(name)}`));
  const inner = Object.keys(fields).some((step) => step !== ".") ? leavesUnder(fields, list[index], at) : [];
  return inner.filter((leaf) => !keys.has(leaf.pointer));
}

/** A value itself, or the first one inside a map or list that is owned as a whole. */
function firstLeaf(value: unknown, pointer: string): readonly Leaf[] {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return [{ pointer, value }];
  if (typeof value !== "object" || value === null) return [];
  for (const [name, inner] of Object.entries(value)) {
    const found = firstLeaf(inner, `${pointer}/${escaped(name)}`);
    if (found.length > 0) return found;
  }
  return [];
}

/** What stands at a pointer; undefined when nothing does. */
export function valueAt(object: unknown, pointer: string): unknown {
  const names = pointer.split("/").slice(1);
  return names.reduce(
    (value, name) => member(value, name.replaceAll("~1", "/").replaceAll("~0", "~")),
    object,
  );
}

/** Values that differ from the present one, the likeliest to be accepted first: another field may want another form. */
export function otherValues(value: Scalar): readonly Scalar[] {
  if (typeof value === "boolean") return [!value];
  if (typeof value === "number") return [value + 1, value - 1];
  const quantity = /^(\d+)(m|Ki|Mi|Gi|Ti|s|%)?$/.exec(value);
  const more = quantity === null ? [] : [`${Number(quantity[1]) + 1}${quantity[2] ?? ""}`];
  const free = [...more, `${value}-drift`, "drift", "ZHJpZnQ=", "10.1.2.3/32"];
  const words = WORDS.filter((word) => word !== value);
  return WORDS.includes(value) ? [...words, ...free] : [...free, ...words];
}

/** Values of the closed lists that Kubernetes has. */
const WORDS =
  "Always Never IfNotPresent OnFailure TCP UDP ClusterIP Local Cluster None restricted baseline Retain Delete ScheduleAnyway DoNotSchedule Recreate RollingUpdate".split(
    " ",
  );

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
