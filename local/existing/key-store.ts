import { readFileSync } from "node:fs";
import { Type, type Static, type TSchema } from "typebox";
import { Value } from "typebox/value";
import { parse } from "yaml";
import { RegionSpec } from "../../crds/region.ts";
import { SigningKeyStore } from "../../deploy/key-store.ts";

/** The bank's store of keys, and what of the installation is in it. */
export interface ChosenKeyStore {
  /** Keys of stacks, as `spec.keyStore` of the Region. */
  readonly region: NonNullable<RegionSpec["keyStore"]>;
  /** The operator's key, if that is there too, as `--operator-key-store` of `deploy/render.ts`. */
  readonly operator?: SigningKeyStore;
}

/** What the operator's key adds to what is said of the store. */
const { role, key, version } = SigningKeyStore.properties;
const OperatorPart = Type.Object({ role, key, version }, { additionalProperties: false });

/**
 * The store that a file in YAML names: `openBao` and `keys` as in a Region, and `operator` with `role`, `key` and, after a
 * rotation, `version`.
 *
 * @throws RangeError with a sentence that says what is wrong in it.
 */
export function keyStoreIn(file: string): ChosenKeyStore {
  const { operator, ...region } = contentsOf(file);
  const store = checked(file, RegionSpec.properties.keyStore, region) as ChosenKeyStore["region"];
  if (operator === undefined) return { region: store };
  const { role: as, key: name, version: signs } = checked(file, OperatorPart, operator);
  return { region: store, operator: { ...store.openBao, role: as, key: name, version: signs } };
}

function contentsOf(file: string): { readonly operator?: unknown } {
  try {
    return (parse(readFileSync(file, "utf8")) ?? {}) as { readonly operator?: unknown };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`KEY_STORE=${file} cannot be read: ${why}`, { cause });
  }
}

function checked<Schema extends TSchema>(file: string, schema: Schema, value: unknown): Static<Schema> {
  const whole = Value.Default(schema, value);
  const [fault] = Value.Errors(schema, whole);
  if (fault === undefined) return whole as Static<Schema>;
  throw new RangeError(
    `KEY_STORE=${file} names no key store: ${fault.instancePath || "it"} ${fault.message}; local/README.md shows one.`,
  );
}
