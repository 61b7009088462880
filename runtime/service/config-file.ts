import { readFileSync } from "node:fs";
import type { Static, TSchema } from "typebox";
import { Value } from "typebox/value";

/** A configuration that cannot be used: the file and every field at fault. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * The configuration in a value read from JSON, with defaults filled in.
 *
 * @param source where it came from, for the message.
 * @throws ConfigError naming each field at fault.
 */
export function parseConfig<Schema extends TSchema>(
  schema: Schema,
  value: unknown,
  source: string,
): Static<Schema> {
  const filled: unknown = Value.Default(schema, value);
  if (Value.Check(schema, filled)) return filled as Static<Schema>;
  const faults = Value.Errors(schema, filled)
    .slice(0, 10)
    .map(({ instancePath, message }) => `${instancePath === "" ? "/" : instancePath} ${message}`);
  throw new ConfigError(`${source} is not a valid configuration: ${faults.join("; ")}`);
}

/**
 * Reads a JSON file as configuration.
 *
 * @throws ConfigError when it is missing, no JSON, or not of the schema.
 */
export function readConfig<Schema extends TSchema>(schema: Schema, path: string): Static<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ConfigError(`Cannot read the configuration ${path}; set WEKEZA_CONFIG to a JSON file.`, {
      cause,
    });
  }
  return parseConfig(schema, value, path);
}
