import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { parse } from "yaml";

/** What is wrong with a body by one of the standard's schemas; nothing when it is right. */
export type ObukCheck = (schema: string, body: unknown) => readonly string[];

/** The definitions, by the names of their files. */
export const OBUK_DEFINITIONS = [
  "account-info",
  "payment-initiation",
  "vrp",
  "confirmation-funds",
  "events",
] as const;
export type ObukDefinition = (typeof OBUK_DEFINITIONS)[number];

/** A definition of what a partner serves and the bank calls; no operation of ours. */
type PartnersDefinition = "event-notifications";

/** An operation of a definition, as far as our tests ask. */
export interface ObukOperation {
  readonly definition: ObukDefinition;
  readonly method: string;
  /** With the definition's own names: `/aisp/accounts/{AccountId}`. */
  readonly path: string;
  /** `TPPOAuth2Security` or `PSUOAuth2Security`, with the scopes that it takes. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  /** Status codes, and the schema of each JSON body by its name; empty for an answer without one. */
  readonly responses: Readonly<Record<string, string>>;
  /** Name of the schema of a JSON request. */
  readonly request: string | undefined;
}

const BASE = "/open-banking/v4.0";
const METHODS = ["get", "post", "put", "patch", "delete"];

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: { readonly $ref?: string } }>>;
  readonly $ref?: string;
}
interface Document {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Content>>>>;
}
interface OperationObject {
  readonly security?: ObukOperation["security"];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

/**
 * A published OpenAPI definition of Open Banking UK 4.0.
 *
 * It is read from `obuk-4.0.0` in `../shared/specs` beside the project, or in the folder that OPENAPI_DEFINITIONS names;
 * get it from github.com/OpenBankingUK/read-write-api-specs.
 *
 * @returns undefined when it is not there; tests that need it are skipped then.
 */
export function obukDocument(definition: ObukDefinition | PartnersDefinition): object | undefined {
  const folder =
    process.env["OPENAPI_DEFINITIONS"] ?? resolve(import.meta.dirname, "../../../../shared/specs");
  const file = join(folder, `obuk-4.0.0/${definition}-openapi.yaml`);
  return existsSync(file) ? (parse(readFileSync(file, "utf8")) as object) : undefined;
}

/** Checks bodies against the schemas of a definition; undefined when it is not there. */
export function obukDefinitions(
  definition: ObukDefinition | PartnersDefinition = "account-info",
): ObukCheck | undefined {
  const document = obukDocument(definition);
  if (document === undefined) return undefined;
  // OpenAPI 3.0 is not JSON Schema: it has keywords of its own, which ajv leaves out when it is not strict.
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv, { mode: "full" });
  ajv.addSchema(document, "obuk");
  return (schema, body) => {
    const at = schema.startsWith("#") ? schema : `#/components/schemas/${schema}`;
    const check = ajv.getSchema(`obuk${at}`);
    if (check === undefined) throw new Error(`The definition has no schema ${schema}.`);
    if (check(body) === true) return [];
    return (check.errors ?? []).map(({ instancePath, message = "" }) => `${instancePath} ${message}`);
  };
}

/** Every operation of a definition; undefined when it is not there. */
export function obukOperations(definition: ObukDefinition): readonly ObukOperation[] | undefined {
  const document = obukDocument(definition) as Document | undefined;
  if (document === undefined) return undefined;
  const base = document.servers[0]?.url.slice(BASE.length) ?? "";
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, { security = [], requestBody, responses }]) => ({
        definition,
        method: method.toUpperCase(),
        path: `${base}${path}`,
        security,
        responses: Object.fromEntries(
          Object.entries(responses).map(([status, answer]) => [
            status,
            schemaOf(document, answer, `#/paths/${escaped(path)}/${method}/responses/${status}`) ?? "",
          ]),
        ),
        request:
          requestBody && schemaOf(document, requestBody, `#/paths/${escaped(path)}/${method}/requestBody`),
      })),
  );
}

/** JSON pointer of the schema of a JSON body. */
function schemaOf(document: Document, { $ref, content }: Content, pointer: string): string | undefined {
  if ($ref !== undefined) {
    const [section = "", name = ""] = $ref.replace("#/components/", "").split("/");
    const target = document.components[section]?.[name];
    return target && schemaOf(document, target, $ref);
  }
  const type = Object.keys(content ?? {}).find((name) => name.startsWith("application/json"));
  if (type === undefined) return undefined;
  return content?.[type]?.schema?.$ref ?? `${pointer}/content/${escaped(type)}/schema`;
}

/** A member's name in a JSON pointer inside a URI (RFC 6901 section 6). */
function escaped(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}
