import { codeOfStatus, refusalOf, statusOf, type BerlinGroupCode } from "../service/berlin-group.ts";
import { JWS_SIGNATURE } from "../service/jws-signature.ts";
import { OBUK_CODES, obukErrorBody, type ObukReason } from "../service/obuk-error.ts";

/** What is said when a call is refused: status, words for the partner, and the challenge of RFC 6750 where a token is the cause. */
interface Wording {
  readonly status: number;
  /** Absent: no body. The standard wants none with a missing or invalid token. */
  readonly fault?: readonly [ObukReason, string, path?: string];
  /** `error` of the `WWW-Authenticate` challenge; empty for a challenge without one. */
  readonly challenge?: "" | "invalid_token" | "insufficient_scope";
  /** The connection itself is at fault and is closed. */
  readonly close?: true;
}

const signature = (reason: ObukReason, words: string) =>
  ({ status: 400, fault: [reason, `${JWS_SIGNATURE} ${words}`, JWS_SIGNATURE] }) as const;

/**
 * Every way the gateway refuses a call.
 *
 * Sources: Open Banking UK 4.0 read-write profile (status codes), RFC 6750 section 3.1, RFC 8705 section 3.
 */
const TABLE = {
  NotReady: { status: 503, fault: ["Other", "The gateway is starting; try again."] },
  Misdirected: { status: 421, fault: ["Other", "This host is not served here."], close: true },
  TokenInQuery: {
    status: 400,
    fault: [
      "FieldUnexpected",
      "An access token may be sent in the Authorization header only.",
      "access_token",
    ],
  },
  CertificateExpired: { status: 401, challenge: "", close: true },
  CertificateUnknown: { status: 401, challenge: "", close: true },
  PartnerSuspended: {
    status: 403,
    fault: ["Other", "This partner is suspended; contact the bank."],
    close: true,
  },
  RouteUnknown: { status: 404 },
  MethodNotAllowed: { status: 405 },
  NotAcceptable: { status: 406 },
  UnsupportedMediaType: { status: 415, fault: ["HeaderInvalid", "Send application/json.", "Content-Type"] },
  BodyTooLarge: { status: 413, fault: ["InvalidFormat", "A request may have 1 MiB at most."] },
  RateLimited: { status: 429, fault: ["Other", "Too many requests; wait as long as Retry-After says."] },
  TooManyConcurrent: { status: 429, fault: ["Other", "Too many requests at one time."] },
  TokenMissing: { status: 401, challenge: "" },
  TokenInvalid: { status: 401, challenge: "invalid_token" },
  TokenExpired: {
    status: 401,
    challenge: "invalid_token",
    fault: ["Other", "The access token has expired."],
  },
  TokenOfOtherClient: { status: 401, challenge: "invalid_token" },
  TokenOfOtherCertificate: { status: 401, challenge: "invalid_token" },
  ScopeMissing: {
    status: 403,
    challenge: "insufficient_scope",
    fault: ["Other", "The access token lacks the scope."],
  },
  RoleMissing: { status: 403, fault: ["Other", "This partner does not have the role this address needs."] },
  ClientTokenNeeded: {
    status: 403,
    fault: ["Other", "This address needs a token of the client credentials grant."],
  },
  CustomerTokenNeeded: { status: 403, fault: ["Other", "This address needs a token a customer authorised."] },
  GrantEnded: { status: 401, challenge: "invalid_token" },
  ConsentEnded: { status: 401, challenge: "invalid_token" },
  ConsentNotAuthorised: {
    status: 400,
    fault: ["InvalidConsentStatus", "The consent is not authorised.", "Data.Status"],
  },
  ConsentOfOtherClient: { status: 403, fault: ["Other", "The consent belongs to another partner."] },
  ConsentOfOtherKind: {
    status: 403,
    fault: ["ConsentMismatch", "The consent is for something else than this address."],
  },
  ConsentUnknown: { status: 401, challenge: "invalid_token" },
  PermissionMissing: {
    status: 403,
    fault: ["Other", "The consent does not contain the permission.", "Data.Permissions"],
  },
  SignatureMissing: signature("SignatureMissing", "is missing; sign the body."),
  SignatureMalformed: signature("SignatureMalformed", "is no detached JWS."),
  SignatureMissingClaim: signature(
    "SignatureMissingClaim",
    "lacks a parameter: alg, kid, crit, iat, iss, tan.",
  ),
  SignatureInvalidClaim: signature(
    "SignatureInvalidClaim",
    "has a parameter that is not valid: alg PS256 or ES256, a registered kid, a recent iat, your client id as iss.",
  ),
  SignatureInvalid: signature("SignatureInvalid", "does not fit the body."),
  ConsentUnavailable: { status: 503, fault: ["Other", "The consent cannot be checked now; try again."] },
  UpstreamUnavailable: { status: 503, fault: ["Other", "The service cannot be reached now; try again."] },
  AnswerUnsigned: {
    status: 503,
    fault: [
      "Other",
      "The answer cannot be signed now, and what was asked for may have been done; ask again, with the same x-idempotency-key where there is one.",
    ],
  },
  UpstreamTimeout: { status: 504, fault: ["Other", "The service gave no answer in time; try again."] },
} as const satisfies Record<string, Wording>;

/** Why a call was refused: one word, the same in answer tables, log and metrics. */
export type Refusal = keyof typeof TABLE;

/** All of them, in the order of the table. */
export const REFUSALS = Object.keys(TABLE) as readonly Refusal[];

/** An answer ready to be written. */
export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: none. */
  readonly body: string | undefined;
  readonly close: boolean;
}

/** What only the call knows. */
export interface RefusalDetails {
  readonly interactionId: string;
  /** Seconds until it may be tried again, from 1. */
  readonly retryAfter?: number | undefined;
  /** Methods that are allowed. */
  readonly allow?: readonly string[] | undefined;
  /** Whose words the address speaks; Open Banking UK unless told. */
  readonly dialect?: "berlin-group" | "est" | undefined;
}

/** What is said otherwise where certificates are asked for. */
const EST_WORDS: Readonly<Partial<Record<Refusal, string>>> = {
  UnsupportedMediaType: "Send application/pkcs10.",
  BodyTooLarge: "A request for a certificate may have 8 KiB at most.",
};

/** What the Berlin Group has a code of its own for; everything else has that of its status. */
const BERLIN_GROUP: Readonly<Partial<Record<Refusal, BerlinGroupCode>>> = {
  CertificateExpired: "CERTIFICATE_EXPIRED",
  CertificateUnknown: "CERTIFICATE_INVALID",
  TokenExpired: "TOKEN_EXPIRED",
  ScopeMissing: "TOKEN_INVALID",
  RoleMissing: "ROLE_INVALID",
  ClientTokenNeeded: "TOKEN_INVALID",
  CustomerTokenNeeded: "TOKEN_INVALID",
  ConsentEnded: "CONSENT_EXPIRED",
  ConsentNotAuthorised: "CONSENT_INVALID",
  ConsentOfOtherClient: "CONSENT_UNKNOWN",
  ConsentOfOtherKind: "CONSENT_INVALID",
  ConsentUnknown: "CONSENT_UNKNOWN",
  PermissionMissing: "CONSENT_INVALID",
  SignatureMissing: "SIGNATURE_MISSING",
  SignatureMalformed: "SIGNATURE_INVALID",
  SignatureMissingClaim: "SIGNATURE_INVALID",
  SignatureInvalidClaim: "SIGNATURE_INVALID",
  SignatureInvalid: "SIGNATURE_INVALID",
};

/** A refusal in the Berlin Group's words: a code may bring another status. */
function berlinGroupAnswer(refusal: Refusal): { readonly status: number; readonly body: object | undefined } {
  const { status, fault }: Wording = TABLE[refusal];
  const code = BERLIN_GROUP[refusal];
  const message = { code: code ?? codeOfStatus(status), text: fault?.[1] };
  return refusalOf([message], code === undefined ? status : statusOf(code));
}

/** The answer to a refused call. The same for every partner and every secret: it tells nothing that it should not. */
export function refusalAnswer(refusal: Refusal, details: RefusalDetails): RefusalAnswer {
  const { status, fault, challenge, close }: Wording = TABLE[refusal];
  const headers: Record<string, string> = { "cache-control": "no-store" };
  if (challenge !== undefined) {
    headers["www-authenticate"] = challenge === "" ? "Bearer" : `Bearer error="${challenge}"`;
  }
  if (details.retryAfter !== undefined) headers["retry-after"] = String(details.retryAfter);
  else if (status === 503) headers["retry-after"] = "1";
  if (details.allow !== undefined) headers["allow"] = details.allow.join(", ");
  if (details.dialect === "berlin-group") {
    const { status: its, body } = berlinGroupAnswer(refusal);
    if (body !== undefined) headers["content-type"] = "application/json; charset=utf-8";
    return { status: its, headers, body: body && JSON.stringify(body), close: close ?? false };
  }
  if (details.dialect === "est") {
    const words = EST_WORDS[refusal] ?? fault?.[1];
    if (words !== undefined) headers["content-type"] = "text/plain; charset=utf-8";
    return { status, headers, body: words && `${words}\n`, close: close ?? false };
  }
  if (fault === undefined) return { status, headers, body: undefined, close: close ?? false };
  const [reason, message, path] = fault;
  headers["content-type"] = "application/json; charset=utf-8";
  const body = JSON.stringify(obukErrorBody([{ reason, message, path }], details.interactionId));
  return { status, headers, body, close: close ?? false };
}

/** The table in words, for the reference that stands beside it. */
export function refusalTable(): Record<
  string,
  { status: number; code?: string; message?: string; challenge?: string; berlinGroup: string }
> {
  const rows = REFUSALS.map((name) => {
    const { status, fault, challenge }: Wording = TABLE[name];
    const row = {
      status,
      ...(fault === undefined ? {} : { code: OBUK_CODES[fault[0]], message: fault[1] }),
      ...(challenge === undefined ? {} : { challenge: challenge === "" ? "Bearer" : `Bearer ${challenge}` }),
      berlinGroup: berlinGroupWords(name),
    };
    return [name, row] as const;
  });
  return Object.fromEntries(rows);
}

function berlinGroupWords(refusal: Refusal): string {
  const { status, body } = berlinGroupAnswer(refusal);
  const [first] =
    (body as { readonly tppMessages?: readonly { readonly code: string }[] })?.tppMessages ?? [];
  return first === undefined ? String(status) : `${status} ${first.code}`;
}
