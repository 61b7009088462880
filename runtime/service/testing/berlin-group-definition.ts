import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { parse } from "yaml";

/** An answer to a partner. */
export interface BerlinGroupAnswer {
  readonly method: string;
  /** As it was called, with the query. */
  readonly path: string;
  readonly status: number;
  /** Undefined: none. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface Response {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, object>>;
}
interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Record<string, Response> }>>>
  >;
  readonly components: { readonly responses: Readonly<Record<string, Response>> };
}

/** The published definition, as far as our tests ask. */
export interface BerlinGroupDefinition {
  /** All of it, as it is published. */
  readonly document: object;
  /** `GET /v1/accounts/{account-id}`, every operation. */
  readonly operations: readonly string[];
  /** What is wrong with an answer; nothing when it is right. */
  faults(answer: BerlinGroupAnswer): readonly string[];
}

const BASE = "/psd2";
const SERVICES = ["payments", "periodic-payments", "bulk-payments"];

/**
 * Which of the forms of a payment an answer must have. The definition says one of three, and a periodic payment has that of
 * a single one as well: by its words it would be neither.
 */
function form(pointer: string, path: string): string {
  const service = SERVICES.indexOf(path.split("/")[2] ?? "");
  return pointer.endsWith("/OK_200_PaymentInitiationInformation") ? `/oneOf/${service}` : "";
}

/**
 * The OpenAPI definition of NextGenPSD2 1.3.11.
 *
 * It is read from `berlin-group-1.3.11` in `../shared/specs` beside the project, or in the folder that
 * OPENAPI_DEFINITIONS names.
 *
 * @returns undefined when it is not there; tests that need it are skipped then.
 */
export function berlinGroupDefinition(): BerlinGroupDefinition | undefined {
  const folder =
    process.env["OPENAPI_DEFINITIONS"] ?? resolve(import.meta.dirname, "../../../../shared/specs");
  const file = join(folder, "berlin-group-1.3.11/psd2-api_v1.3.11.yaml");
  if (!existsSync(file)) return undefined;
  // `exclusiveMinimum: false` is OpenAPI 3.0; JSON Schema has a number there.
  const document = parse(readFileSync(file, "utf8"), (key, value: unknown) =>
    key === "exclusiveMinimum" && value === false ? undefined : value,
  ) as Document;
  // OpenAPI 3.0 is not JSON Schema: it has keywords of its own, which ajv leaves out when it is not strict.
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv, { mode: "full" });
  ajv.addSchema(document, "bg");

  const operations = Object.entries(document.paths)
    .flatMap(([template, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => ({
        method: method.toUpperCase(),
        template: template.trim(),
        form: new RegExp(`^${template.trim().replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
        responses,
      })),
    )
    // `/v1/accounts/{account-id}/transactions` comes before `/v1/{payment-service}/{payment-product}/{paymentId}`.
    .toSorted((a, b) => a.template.split("{").length - b.template.split("{").length);

  return {
    document,
    operations: operations.map(({ method, template }) => `${method} ${template}`),
    faults({ method, path, status, body, headers }) {
      const at = path.slice(BASE.length).split("?", 1)[0] ?? "";
      const call = `${method} ${path} ${status}:`;
      const operation = operations.find((each) => each.method === method && each.form.test(at));
      if (operation === undefined) return [`${call} no such operation`];
      const named = operation.responses[String(status)];
      if (named === undefined) return [`${call} no such status`];
      const faults = headers["x-request-id"] === undefined ? [`${call} X-Request-ID is missing`] : [];
      const pointer = named.$ref ?? "";
      const response = document.components.responses[pointer.split("/").at(-1) ?? ""];
      if (response?.content?.["application/json"] === undefined) {
        return body === undefined ? faults : [...faults, `${call} has a body`];
      }
      const check = ajv.getSchema(`bg${pointer}/content/application~1json/schema${form(pointer, at)}`);
      if (check === undefined) throw new Error(`The definition has no schema for ${call}`);
      if (check(body) === true) return faults;
      return [
        ...faults,
        ...(check.errors ?? []).map(({ instancePath, message = "" }) => `${call} ${instancePath} ${message}`),
      ];
    },
  };
}
