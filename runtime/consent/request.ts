import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { PERMISSIONS } from "../../crds/consent-policy.ts";
import type { ObukFault } from "../service/obuk-error.ts";

const DateTime = Type.String({ format: "date-time" });

/** What a partner sends to ask for a consent (Open Banking UK 4.0, `OBReadConsent1`). */
export const ConsentRequest = Type.Object({
  Data: Type.Object({
    Permissions: Type.Array(Type.Enum([...PERMISSIONS], { type: "string" }), { minItems: 1, maxItems: 64 }),
    ExpirationDateTime: Type.Optional(DateTime),
    TransactionFromDateTime: Type.Optional(DateTime),
    TransactionToDateTime: Type.Optional(DateTime),
  }),
  Risk: Type.Object({}, { additionalProperties: false }),
});
export type ConsentRequest = Static<typeof ConsentRequest>;

const validator = Compile(ConsentRequest);

/** The request in a body, or what is wrong with its form, field by field. */
export function readRequest(
  body: unknown,
): { readonly request: ConsentRequest } | { readonly faults: readonly ObukFault[] } {
  if (validator.Check(body)) return { request: body };
  const faults = validator.Errors(body).slice(0, 10).flatMap(faultsOf);
  return { faults };
}

interface FormError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function faultsOf({ keyword, instancePath, message, params }: FormError): readonly ObukFault[] {
  // Said about each member that "additionalProperties" names already.
  if (keyword === "boolean") return [];
  const path = instancePath.slice(1).replaceAll("/", ".");
  const member = (name: string): string => (path === "" ? name : `${path}.${name}`);
  if (keyword === "required" && "requiredProperties" in params) {
    return (params.requiredProperties as readonly string[]).map((name) => ({
      reason: "FieldMissing",
      message: `${member(name)} is missing.`,
      path: member(name),
    }));
  }
  if (keyword === "additionalProperties" && "additionalProperties" in params) {
    return (params.additionalProperties as readonly string[]).map((name) => ({
      reason: "FieldUnexpected",
      message: `${member(name)} is not known here.`,
      path: member(name),
    }));
  }
  const where = path === "" ? "The body" : path;
  if (keyword === "format") {
    const text = `${where} is no date and time with a time zone, such as 2027-01-31T00:00:00+03:00.`;
    return [{ reason: "FieldInvalidDate", message: text, path }];
  }
  if (keyword === "enum") {
    return [{ reason: "FieldInvalid", message: `${where} is no permission code of Open Banking 4.0.`, path }];
  }
  return [{ reason: "FieldInvalid", message: `${where} ${message}.`, ...(path === "" ? {} : { path }) }];
}
