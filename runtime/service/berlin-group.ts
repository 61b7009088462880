import type { ConsentState } from "./consent-snapshot.ts";
import type { ObukFault, ObukReason } from "./obuk-error.ts";

/** Where partners find the Berlin Group's interface (NextGenPSD2 1.3.11), below the API's host. */
export const BERLIN_GROUP_PATH = "/psd2/v1";

/** Paths whose answers speak the dialect of the Berlin Group. */
export function isBerlinGroupPath(url: string): boolean {
  return url.startsWith(`${BERLIN_GROUP_PATH}/`);
}

/** The header by which a partner names its call; repeated in the answer. */
export const REQUEST_ID = "x-request-id";

/** Codes a refusal may carry, with the status that belongs to each (implementation guidelines 1.3, section 14.11). */
const CODES = {
  CERTIFICATE_INVALID: 401,
  CERTIFICATE_EXPIRED: 401,
  SIGNATURE_INVALID: 401,
  SIGNATURE_MISSING: 401,
  FORMAT_ERROR: 400,
  PARAMETER_NOT_SUPPORTED: 400,
  PERIOD_INVALID: 400,
  EXECUTION_DATE_INVALID: 400,
  SESSIONS_NOT_SUPPORTED: 400,
  CONSENT_UNKNOWN: 403,
  CONSENT_INVALID: 401,
  CONSENT_EXPIRED: 401,
  TOKEN_UNKNOWN: 401,
  TOKEN_INVALID: 401,
  TOKEN_EXPIRED: 401,
  ROLE_INVALID: 401,
  SERVICE_BLOCKED: 403,
  RESOURCE_UNKNOWN: 404,
  SERVICE_INVALID: 405,
  CANCELLATION_INVALID: 405,
  REQUESTED_FORMATS_INVALID: 406,
  STATUS_INVALID: 409,
  ACCESS_EXCEEDED: 429,
} as const;
export type BerlinGroupCode = keyof typeof CODES;

/** The status that a code is answered with. */
export function statusOf(code: BerlinGroupCode): number {
  return CODES[code];
}

/** One thing wrong with a request; `text` may be left out where nothing may be told. */
export interface TppMessage {
  readonly code: BerlinGroupCode;
  readonly text?: string | undefined;
  readonly path?: string | undefined;
}

/** An answer that refuses. Where the definitions have no body there is none: 413, 415, 421 and from 500. */
export interface BerlinGroupRefusal {
  readonly status: number;
  readonly body: object | undefined;
}

/** Longest `text` the standard allows. */
const LONGEST = 500;

/** The refusal that says these things, the first of which decides its status unless one is given. */
export function refusalOf(
  messages: readonly TppMessage[],
  status = statusOf(messages[0]?.code ?? "FORMAT_ERROR"),
): BerlinGroupRefusal {
  if (status >= 500 || [413, 415, 421].includes(status)) return { status, body: undefined };
  const tppMessages = messages.map(({ code, text, path }) => ({
    category: "ERROR",
    code,
    ...(path === undefined ? {} : { path }),
    ...(text === undefined ? {} : { text: text.slice(0, LONGEST) }),
  }));
  return { status, body: { tppMessages } };
}

/** Codes that belong to a status alone. */
const OF_STATUS: Readonly<Record<number, BerlinGroupCode>> = {
  401: "TOKEN_UNKNOWN",
  403: "SERVICE_BLOCKED",
  404: "RESOURCE_UNKNOWN",
  405: "SERVICE_INVALID",
  406: "REQUESTED_FORMATS_INVALID",
  409: "STATUS_INVALID",
  429: "ACCESS_EXCEEDED",
};

/** The code for a status where nothing more is known. */
export function codeOfStatus(status: number): BerlinGroupCode {
  return OF_STATUS[status] ?? "FORMAT_ERROR";
}

/**
 * What a decision that both dialects share says in the words of Open Banking UK, in those of the Berlin Group: there a
 * resource that is not known is 404, and one that the consent does not give is 401.
 */
export function translated(status: number, faults: readonly ObukFault[]): BerlinGroupRefusal {
  const messages = faults.map(({ reason, message, path }) => ({
    code: codeOf(status, reason),
    text: named(message),
    path: path && named(path),
  }));
  return status < 500 && status !== 413 && status !== 415 ? refusalOf(messages) : refusalOf(messages, status);
}

/** The header that makes a request the same as an earlier one has another name here. */
function named(words: string): string {
  return words.replaceAll("x-idempotency-key", "X-Request-ID");
}

function codeOf(status: number, reason: ObukReason): BerlinGroupCode {
  if (reason === "NotFound") return "RESOURCE_UNKNOWN";
  if (reason === "InvalidConsentStatus") return "STATUS_INVALID";
  if (reason === "ConsentMismatch") return "CONSENT_INVALID";
  return codeOfStatus(status);
}

/** A refusal on a path of the Berlin Group. */
export class BerlinGroupError extends Error {
  override readonly name = "BerlinGroupError";
  readonly messages: readonly TppMessage[];

  constructor(messages: TppMessage | readonly TppMessage[], options?: { readonly cause?: unknown }) {
    const list: readonly TppMessage[] = "code" in messages ? [messages] : messages;
    super(list.map(({ code, text = code }) => text).join(" "), options);
    this.messages = list;
  }
}

/**
 * How far a payment that a partner initiated has come while no money has moved, by the state of its consent (ISO 20022
 * transaction status): received, accepted by its customer, or over.
 */
export function initiationStatus(state: ConsentState): "RCVD" | "ACTC" | "RJCT" | "CANC" {
  switch (state) {
    case "AWUP":
    case "AWAU":
      return "RCVD";
    case "AUTH":
    case "COND":
      return "ACTC";
    case "RJCT":
    case "EXPD":
      return "RJCT";
    case "CANC":
      return "CANC";
  }
}
