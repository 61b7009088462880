import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { parse } from "yaml";

/** What is wrong with a body by one of the standard's schemas; nothing when it is right. */
export type ObukCheck = (schema: string, body: unknown) => readonly string[];

/**
 * Checks bodies against the published OpenAPI definition of Open Banking UK 4.0 account information.
 *
 * It is read from `obuk-4.0.0/account-info-openapi.yaml` in `../shared/specs` beside the project, or in the folder that
 * OPENAPI_DEFINITIONS names; get it from github.com/OpenBankingUK/read-write-api-specs.
 *
 * @returns undefined when it is not there; tests that need it are skipped then.
 */
export function obukDefinitions(): ObukCheck | undefined {
  const folder =
    process.env["OPENAPI_DEFINITIONS"] ?? resolve(import.meta.dirname, "../../../../shared/specs");
  const file = join(folder, "obuk-4.0.0/account-info-openapi.yaml");
  if (!existsSync(file)) return undefined;
  // OpenAPI 3.0 is not JSON Schema: it has keywords of its own, which ajv leaves out when it is not strict.
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv, { mode: "full" });
  ajv.addSchema(parse(readFileSync(file, "utf8")) as object, "obuk");
  return (schema, body) => {
    const check = ajv.getSchema(`obuk#/components/schemas/${schema}`);
    if (check === undefined) throw new Error(`The definition has no schema ${schema}.`);
    if (check(body) === true) return [];
    return (check.errors ?? []).map(({ instancePath, message = "" }) => `${instancePath} ${message}`);
  };
}
