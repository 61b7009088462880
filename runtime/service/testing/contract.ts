import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

/** One exchange with a system of the bank's. */
export interface ContractExchange {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly request: unknown;
  readonly status: number;
  readonly response: unknown;
}

interface Content {
  readonly content?: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { readonly requestBody?: Content; readonly responses: Readonly<Record<string, Content>> }
        >
      >
    >
  >;
}

/** What is wrong with an exchange by a contract in `docs/contracts`; nothing when both sides kept it. */
export function contract(file: string): (exchange: ContractExchange) => readonly string[] {
  const path = join(import.meta.dirname, "../../../docs/contracts", file);
  const document = parse(readFileSync(path, "utf8")) as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, "contract");
  const faults = (where: string, pointer: string, body: unknown): readonly string[] => {
    const check = ajv.getSchema(`contract#${pointer}/content/${escaped("application/json")}/schema`);
    if (check === undefined || check(body) === true) return [];
    return (check.errors ?? []).map(({ instancePath, message = "" }) => `${where}${instancePath} ${message}`);
  };
  return ({ method, path: called, request, status, response }) => {
    const [template, item] =
      Object.entries(document.paths).find(([each]) => fits(each, called)) ?? ([called, undefined] as const);
    const operation = item?.[method.toLowerCase()];
    if (operation === undefined) return [`${method} ${called} is no operation`];
    const pointer = `/paths/${escaped(template)}/${method.toLowerCase()}`;
    if (operation.responses[status] === undefined) return [`${method} ${template} does not answer ${status}`];
    return [
      ...(operation.requestBody ? faults("request", `${pointer}/requestBody`, request) : []),
      ...(operation.responses[status].content
        ? faults("response", `${pointer}/responses/${status}`, response)
        : []),
    ];
  };
}

function fits(template: string, path: string): boolean {
  const [wanted, given] = [template.split("/"), path.split("/")];
  return (
    wanted.length === given.length && wanted.every((part, n) => part.startsWith("{") || part === given[n])
  );
}

/** A member's name in a JSON pointer inside a URI (RFC 6901 section 6). */
function escaped(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}
