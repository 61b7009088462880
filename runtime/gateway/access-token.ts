import { verify, type KeyObject } from "node:crypto";
import { Type } from "typebox";
import { Compile } from "typebox/compile";

/** An access token whose signature and form were found good. Its expiry is looked at each time it is used. */
export interface VerifiedToken {
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
  readonly scope: string;
  /** Thumbprint of the only certificate it may be used with (RFC 8705 section 3.1). */
  readonly thumbprint: string;
  /** When it ends, in ms since 1970. */
  readonly expires: number;
  /** The customer and what they authorised; absent in a token of the client itself. */
  readonly customer: string | undefined;
  readonly consentId: string | undefined;
  readonly grantId: string | undefined;
}

/** What a token must say to be looked at. */
export interface TokenExpectations {
  readonly issuer: string;
  readonly audience: string;
}

/** The key of that name, or undefined. */
export type KeyOf = (kid: string) => KeyObject | undefined;

/** What came of looking at a token. `UnknownKey`: it may be good, if the authorization server has a new key. */
export type Verification =
  | { readonly ok: true; readonly token: VerifiedToken }
  | { readonly ok: false; readonly why: "Invalid" | "UnknownKey" };

const Claims = Compile(
  Type.Object({
    iss: Type.String(),
    aud: Type.Union([Type.String(), Type.Array(Type.String())]),
    client_id: Type.String(),
    scope: Type.String(),
    exp: Type.Number(),
    iat: Type.Number(),
    nbf: Type.Optional(Type.Number()),
    sub: Type.Optional(Type.String()),
    consent_id: Type.Optional(Type.String()),
    grant_id: Type.Optional(Type.String()),
    cnf: Type.Object({ "x5t#S256": Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" }) }),
  }),
);

/** Clocks of issuer and gateway may differ by so much, in seconds. */
const SKEW_SECONDS = 30;
/** Longer ones are not looked at. */
const LONGEST = 8_192;
const INVALID: Verification = { ok: false, why: "Invalid" };

/**
 * Verifies a JWT access token (RFC 9068): ES256 only, type, issuer, audience, certificate binding present.
 *
 * Synchronous on purpose: the thread pool costs more than it saves at 70 µs a signature.
 *
 * @param now in ms since 1970.
 */
export function verifyToken(
  text: string,
  expected: TokenExpectations,
  keyOf: KeyOf,
  now: number,
): Verification {
  const [head, payload, signature, ...more] = text.split(".");
  if (!head || !payload || !signature || more.length > 0 || text.length > LONGEST) return INVALID;
  const header = parsed(head);
  const type = typeof header?.["typ"] === "string" ? header["typ"].toLowerCase() : "";
  if (header?.["alg"] !== "ES256" || header["crit"] !== undefined) return INVALID;
  if (type !== "at+jwt" && type !== "application/at+jwt") return INVALID;
  const kid = header["kid"];
  if (typeof kid !== "string") return INVALID;
  const key = keyOf(kid);
  if (key === undefined) return { ok: false, why: "UnknownKey" };
  const bytes = Buffer.from(signature, "base64url");
  const input = Buffer.from(`${head}.${payload}`, "ascii");
  if (bytes.length !== 64 || !verify("sha256", input, { key, dsaEncoding: "ieee-p1363" }, bytes))
    return INVALID;
  const claims: unknown = parsed(payload);
  if (!Claims.Check(claims)) return INVALID;
  const { iss, aud, nbf = 0, iat } = claims;
  const latest = now / 1000 + SKEW_SECONDS;
  if (iss !== expected.issuer || iat > latest || nbf > latest) return INVALID;
  if (typeof aud === "string" ? aud !== expected.audience : !aud.includes(expected.audience)) return INVALID;
  return {
    ok: true,
    token: {
      clientId: claims.client_id,
      scope: claims.scope,
      scopes: new Set(claims.scope.split(" ")),
      thumbprint: claims.cnf["x5t#S256"],
      expires: claims.exp * 1000,
      // A token of the client itself has the client as subject (RFC 9068 section 2.2).
      customer: claims.sub === claims.client_id ? undefined : claims.sub,
      consentId: claims.consent_id,
      grantId: claims.grant_id,
    },
  };
}

function parsed(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The token of an `Authorization` header; the scheme's case does not matter (RFC 9110 section 11.1). */
export function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1];
}
