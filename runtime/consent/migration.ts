import { isDeepStrictEqual } from "node:util";
import type { Consent } from "./consent.ts";

/** What a consent asks for, in the two parts of its body. */
export type Asked = Pick<Consent, "request" | "risk">;

type Members = Readonly<Record<string, unknown>>;

/** Kinds of address that version 3 of the standard spells out, by their codes in version 4. */
const ADDRESS_TYPES: ReadonlyMap<unknown, string> = new Map([
  ["Business", "BIZZ"],
  ["Correspondence", "CORR"],
  ["DeliveryTo", "DLVY"],
  ["MailTo", "MLTO"],
  ["POBox", "PBOX"],
  ["Postal", "ADDR"],
  ["Residential", "HOME"],
  ["Statement", "STAT"],
]);

/**
 * The same request in the words of version 4 of the standard; undefined when it is in these words already.
 *
 * Words change and nothing else: codes, the name of a member that version 3 misspelt, and where remittance information
 * stands. What they say stays, so that the customer need not agree again.
 */
export function inPresentWords({ request, risk }: Asked): Asked | undefined {
  const { Initiation: initiation, ...others } = request;
  const next: Asked = {
    request: { ...others, Initiation: remitted(addressed(initiation)) },
    risk: spelt(addressed(risk)) as Members | undefined,
  };
  return isDeepStrictEqual(next, { request, risk }) ? undefined : next;
}

/** Addresses wherever they stand. */
function addressed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(addressed);
  if (!isMembers(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === "AddressType" ? (ADDRESS_TYPES.get(member) ?? member) : addressed(member),
    ]),
  );
}

function spelt(risk: unknown): unknown {
  if (!isMembers(risk) || risk["ContractPresentInidicator"] === undefined) return risk;
  const { ContractPresentInidicator: present, ...others } = risk;
  return { ...others, ContractPresentIndicator: present };
}

/** `Unstructured` was one text, and a reference stood beside it. */
function remitted(initiation: unknown): unknown {
  if (!isMembers(initiation) || !isMembers(initiation["RemittanceInformation"])) return initiation;
  const { Unstructured: text, Reference: reference, ...others } = initiation["RemittanceInformation"];
  return {
    ...initiation,
    RemittanceInformation: {
      ...others,
      ...(text === undefined ? {} : { Unstructured: typeof text === "string" ? [text] : text }),
      ...(reference === undefined
        ? {}
        : { Structured: [{ CreditorReferenceInformation: { Reference: reference } }] }),
    },
  };
}

/** Where a request first says something else than is wanted, such as `Data.Initiation.CreditorAccount`. */
export function firstDifference(wanted: Asked, given: Asked): string | undefined {
  return difference(bodyOf(wanted), bodyOf(given), []);
}

/** The body that a partner sends for it. */
export function bodyOf({ request, risk }: Asked): Members {
  return { Data: request, ...(risk === undefined ? {} : { Risk: risk }) };
}

function difference(wanted: unknown, given: unknown, path: readonly string[]): string | undefined {
  if (isDeepStrictEqual(wanted, given)) return undefined;
  if (!isMembers(wanted) || !isMembers(given)) return path.join(".");
  const names = new Set([...Object.keys(wanted), ...Object.keys(given)]);
  const inside = [...names].map((name) => difference(wanted[name], given[name], [...path, name]));
  return inside.find((found) => found !== undefined);
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
