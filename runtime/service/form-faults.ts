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

/** What is wrong with the form of a body in the words of Open Banking UK, field by field: at least one, at most ten. */
export function formFaults(errors: readonly FormError[]): readonly ObukFault[] {
  const faults = errors.flatMap(faultsOf);
  const isFirst = ({ path, reason }: ObukFault, n: number): boolean =>
    faults.findIndex((each) => each.path === path && each.reason === reason) === n;
  return faults.filter(isFirst).slice(0, MOST);
}

function faultsOf({ keyword, instancePath, message, params }: FormError): readonly ObukFault[] {
  const path = instancePath.slice(1).split("/").map(memberOf).join(".");
  const member = (name: string): string => (path === "" ? name : `${path}.${name}`);
  if (keyword === "required" && "requiredProperties" in params) {
    return (params.requiredProperties as readonly string[]).map((name) => ({
      reason: "FieldMissing",
      message: `${member(name)} is missing.`,
      path: member(name),
    }));
  }
  if (keyword === "additionalProperties" && "additionalProperties" in params)
    return (params.additionalProperties as readonly string[]).map((name) => unexpected(member(name)));
  // Said about each member that "additionalProperties" names, too; but typebox stops after a few errors, before it comes to that.
  if (keyword === "boolean") return [unexpected(path)];
  const where = path === "" ? "The body" : path;
  if (keyword === "format" && "format" in params && params.format === "date") {
    return [{ reason: "FieldInvalidDate", message: `${where} is no date, such as 2027-01-31.`, path }];
  }
  if (keyword === "format") {
    const text = `${where} is no date and time with a time zone, such as 2027-01-31T00:00:00+03:00.`;
    return [{ reason: "FieldInvalidDate", message: text, path }];
  }
  return [{ reason: "FieldInvalid", message: `${where} ${message}.`, ...(path === "" ? {} : { path }) }];
}

function unexpected(path: string): ObukFault {
  const what = path === "" ? "A member without a name" : path;
  return { reason: "FieldUnexpected", message: `${what} is not known here.`, path };
}

/** A segment of a JSON pointer (RFC 6901). */
function memberOf(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
