import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import { parse } from "yaml";
import { AISP } from "../../cli/quickstart/account-api.ts";
import type { Exchange } from "../../cli/quickstart/http.ts";

interface Definition {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: {
    readonly responses: Readonly<Record<string, Answer>>;
    readonly schemas: Readonly<Record<string, unknown>>;
  };
}
interface Operation {
  readonly responses: Readonly<Record<string, Answer & { readonly $ref?: string }>>;
}
interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema: unknown }>>;
}

/** What the public definition says about one answer. */
export type Verdict =
  /** It defines this status for this operation, and the answer is as defined. */
  | { readonly is: "valid" }
  | { readonly is: "invalid"; readonly why: string }
  /** It knows nothing of this path or status. */
  | { readonly is: "undefined" };

/** Judges answers of the account information API. */
export type Judge = (exchange: Exchange) => Verdict;

/** The folder with the public definitions: `OPENAPI_DEFINITIONS`, or `../shared/specs` beside the repository. */
function definitionFile(): string {
  const folder = process.env["OPENAPI_DEFINITIONS"] ?? resolve(import.meta.dirname, "../../../shared/specs");
  return join(folder, "obuk-4.0.0", "account-info-openapi.yaml");
}

/** Why answers cannot be validated here, or undefined when they can. */
export function definitionsMissing(): string | undefined {
  if (existsSync(definitionFile())) return undefined;
  return (
    "The public definitions of Open Banking UK 4.0 are not here; put account-info-openapi.yaml of the Read/Write API " +
    "into obuk-4.0.0/ of a folder and name the folder in OPENAPI_DEFINITIONS."
  );
}

/** Reads the definition of the account information API. */
export function accountInformationJudge(): Judge {
  const definition = parse(readFileSync(definitionFile(), "utf8")) as Definition;
  // OpenAPI adds words that JSON Schema does not know (example, xml): strict mode would refuse them.
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: "obuk", components: { schemas: definition.components.schemas } });
  const compiled = new Map<string, ValidateFunction>();
  const paths = Object.keys(definition.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
  }));

  return ({ method, url, status, headers, body }) => {
    const { pathname } = new URL(url);
    const path = pathname.startsWith(AISP) ? pathname.slice(AISP.length) : "";
    const found = paths.find(({ pattern }) => pattern.test(path))?.path;
    const answer = definition.paths[found ?? ""]?.[method.toLowerCase()]?.responses[String(status)];
    if (answer === undefined) return { is: "undefined" };
    const { content } = definition.components.responses[answer.$ref?.split("/").at(-1) ?? ""] ?? answer;
    const schema =
      content?.["application/json"]?.schema ?? content?.["application/json; charset=utf-8"]?.schema;
    if (schema === undefined) {
      return body === ""
        ? { is: "valid" }
        : { is: "invalid", why: `${method} ${found} ${status} has no body in the definition` };
    }
    if (headers.get("content-type")?.startsWith("application/json") !== true) {
      return {
        is: "invalid",
        why: `${method} ${found} ${status} has the content type ${headers.get("content-type")}`,
      };
    }
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"obuk#/components/');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text) as object);
    compiled.set(text, validate);
    if (validate(JSON.parse(body))) return { is: "valid" };
    return {
      is: "invalid",
      why: `${method} ${found} ${status}: ${ajv.errorsText(validate.errors)}\n${body}`,
    };
  };
}
