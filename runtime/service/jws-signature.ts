import { constants, createPublicKey, verify, type KeyObject } from "node:crypto";
import type { Key } from "../../key-store/key.ts";

/** The header that carries the signature of a message's body. */
export const JWS_SIGNATURE = "x-jws-signature";

/** Names of the header parameters Open Banking UK adds to a JWS. */
const IAT = "http://openbanking.org.uk/iat";
const ISS = "http://openbanking.org.uk/iss";
const TAN = "http://openbanking.org.uk/tan";
const CRITICAL = [IAT, ISS, TAN];

/** Clocks may differ by so much, in seconds; and so long may a signed message be under way. */
const SKEW_SECONDS = 60;
const OLDEST_SECONDS = 300;

/** Algorithms allowed. Source: FAPI 2.0 Security Profile 5.4.1; Open Banking UK names PS256. */
const ALGORITHMS = {
  PS256: {
    type: "rsa",
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
  ES256: { type: "ec", options: { dsaEncoding: "ieee-p1363" } },
} as const;
type Algorithm = keyof typeof ALGORITHMS;

/** What is wrong with a signature, by the names of the standard's error codes. */
export type SignatureFault =
  | "SignatureMissing"
  | "SignatureMalformed"
  | "SignatureMissingClaim"
  | "SignatureInvalidClaim"
  | "SignatureInvalid";

/** A public key of whoever signs (RFC 7517), with at least these members. */
export interface SigningJwk {
  readonly kid: string;
  readonly kty: string;
  readonly alg?: string;
  readonly use?: string;
}

/** Whose signature is expected. */
export interface ExpectedSigner {
  /** Client id of a partner. */
  readonly issuer: string;
  readonly keys: readonly SigningJwk[];
  /** In ms since 1970. */
  readonly now: number;
}

/**
 * Checks a detached JWS (RFC 7515 appendix F) over a body as it was sent, by the message signing profile of Open
 * Banking UK 4.0: base64url payload, and `crit` with exactly the profile's three parameters.
 *
 * @returns what is wrong, or undefined.
 */
export function signatureFault(
  signature: string | undefined,
  body: Buffer,
  { issuer, keys, now }: ExpectedSigner,
): SignatureFault | undefined {
  if (signature === undefined || signature === "") return "SignatureMissing";
  const [head = "", middle, signed = "", ...more] = signature.split(".");
  const header = parsed(head);
  if (header === undefined || middle !== "" || signed === "" || more.length > 0) return "SignatureMalformed";
  const { alg, kid, crit } = header;
  if ([alg, kid, crit, ...CRITICAL.map((name) => header[name])].includes(undefined))
    return "SignatureMissingClaim";
  if (!isAlgorithm(alg) || !onlyCritical(crit) || header["b64"] !== undefined) return "SignatureInvalidClaim";
  if (header[ISS] !== issuer || typeof header[TAN] !== "string" || !isRecent(header[IAT], now))
    return "SignatureInvalidClaim";
  const jwk = keys.find((each) => each.kid === kid && each.use !== "enc");
  const key = jwk && keyOf(jwk);
  const { type, options } = ALGORITHMS[alg];
  if (key?.asymmetricKeyType !== type || (jwk?.alg ?? alg) !== alg) return "SignatureInvalidClaim";
  const input = signingInput(head, body);
  return verify("sha256", input, { key, ...options }, Buffer.from(signed, "base64url"))
    ? undefined
    : "SignatureInvalid";
}

/** Whoever signs messages. */
export interface MessageSigner {
  readonly kid: string;
  readonly alg: Algorithm;
  /** Signs by `alg`. */
  readonly key: Pick<Key, "sign">;
  readonly issuer: string;
  /** Domain name of whoever vouches for the key. */
  readonly trustAnchor: string;
}

/** The value of {@link JWS_SIGNATURE} for a body. @throws what the signer throws. */
export async function signMessage(
  { kid, alg, key, issuer, trustAnchor }: MessageSigner,
  body: Buffer,
  now: number,
): Promise<string> {
  const header = {
    alg,
    kid,
    crit: CRITICAL,
    [IAT]: Math.floor(now / 1000),
    [ISS]: issuer,
    [TAN]: trustAnchor,
  };
  const head = Buffer.from(JSON.stringify(header)).toString("base64url");
  const signed = await key.sign(signingInput(head, body));
  return `${head}..${signed.toString("base64url")}`;
}

function signingInput(head: string, body: Buffer): Buffer {
  return Buffer.from(`${head}.${body.toString("base64url")}`, "ascii");
}

function isAlgorithm(alg: unknown): alg is Algorithm {
  return typeof alg === "string" && Object.hasOwn(ALGORITHMS, alg);
}

function onlyCritical(crit: unknown): boolean {
  return (
    Array.isArray(crit) && crit.length === CRITICAL.length && CRITICAL.every((name) => crit.includes(name))
  );
}

function isRecent(iat: unknown, now: number): boolean {
  if (typeof iat !== "number") return false;
  const age = now / 1000 - iat;
  return age >= -SKEW_SECONDS && age <= OLDEST_SECONDS;
}

function keyOf(jwk: SigningJwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: "jwk" });
  } catch {
    return undefined;
  }
}

function parsed(head: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(head, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
