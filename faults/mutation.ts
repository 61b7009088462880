import type { Schema } from "./schema.ts";

/** One wrong or unusual value in a spec that was right. */
export interface Mutation {
  /** Where and what: `/rateLimit/burst is 1`. */
  readonly name: string;
  readonly how: "deleted" | "bounded" | "flipped" | "impossible";
  readonly spec: unknown;
}

type Path = readonly (string | number)[];

/**
 * Every property of a spec deleted, put to its bounds, flipped, and made impossible, one at a time.
 *
 * As Acto does it (SOSP 2023): whatever a person may write by mistake, taking it back must be enough.
 */
export function mutationsOf(schema: unknown, spec: unknown): readonly Mutation[] {
  const mutations: Mutation[] = [];
  visit(schema as Schema, spec, [], (path, how, what, value) => {
    mutations.push({ name: `/${path.join("/")} ${what}`, how, spec: changed(spec, path, value) });
  });
  return mutations;
}

type Tell = (path: Path, how: Mutation["how"], what: string, value: unknown) => void;

function visit(schema: Schema, value: unknown, path: Path, tell: Tell): void {
  if (path.length > 0) tell(path, "deleted", "is deleted", undefined);
  if (schema.enum) {
    for (const other of schema.enum.filter((each) => each !== value))
      tell(path, "flipped", `is ${JSON.stringify(other)}`, other);
    return;
  }
  switch (schema.type) {
    case "boolean":
      tell(path, "flipped", `is ${!value}`, !value);
      return;
    case "integer":
      for (const bound of [schema.minimum, schema.maximum])
        if (bound !== undefined && bound !== value) tell(path, "bounded", `is ${bound}`, bound);
      tell(path, "impossible", "is -1", -1);
      return;
    case "string":
      tell(path, "bounded", "is empty", "");
      if (schema.maxLength !== undefined)
        tell(path, "bounded", "is as long as may be", "x".repeat(Math.min(schema.maxLength, 10_000)));
      tell(path, "impossible", "names what is not there", "nowhere");
      return;
    case "array": {
      const list = value as readonly unknown[];
      tell(path, "bounded", "is empty", []);
      if (list.length > 0) tell(path, "bounded", "says its first twice", [...list, list[0]]);
      if (list.length > 1) tell(path, "flipped", "stands in another order", list.toReversed());
      list.forEach((item, index) => visit(schema.items ?? {}, item, [...path, index], tell));
      return;
    }
    case "object":
      for (const [name, inner] of Object.entries(schema.properties ?? {})) {
        const there = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
        if (there !== undefined) visit(inner, there, [...path, name], tell);
      }
      return;
    case undefined:
    default:
  }
}

function changed(value: unknown, [step, ...rest]: Path, to: unknown): unknown {
  if (step === undefined) return to;
  if (Array.isArray(value)) {
    const index = Number(step);
    const item = changed(value[index], rest, to);
    return item === undefined ? value.toSpliced(index, 1) : value.with(index, item);
  }
  const { [step]: before, ...others } = value as Readonly<Record<string, unknown>>;
  const after = changed(before, rest, to);
  return after === undefined ? others : { ...others, [step]: after };
}
