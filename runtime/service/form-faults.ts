import type { ObukFault } from "./obuk-error.ts";

/** What a schema has against a body, as typebox tells it. */
export interface FormError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

/** Faults told in one answer. */
const MOST = 10;

/** What is wrong with the form of a body in the words of Open Banking UK, field by field, at most ten. */
export function formFaults(errors: readonly FormError[]): readonly ObukFault[] {
  return errors.slice(0, MOST).flatMap(faultsOf);
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
  return [{ reason: "FieldInvalid", message: `${where} ${message}.`, ...(path === "" ? {} : { path }) }];
}
