import { createLocalJWKSet, flattenedVerify, type JSONWebKeySet } from "jose";
import { StepFailed } from "./failure.ts";
import type { Exchange } from "./http.ts";

/** Whose signature an answer must carry. */
export interface Bank {
  /** Issuer of the authorization server, which the bank signs as. */
  readonly issuer: string;
  /** Its published keys. */
  readonly keys: JSONWebKeySet;
  /** In ms since 1970. */
  readonly now: number;
}

/** Parameters that Open Banking UK adds to a JWS, and wants to be understood. */
const PARAMETERS = ["iat", "iss", "tan"].map((name) => `http://openbanking.org.uk/${name}`);
const [IAT = "", ISS = ""] = PARAMETERS;

/** Clocks may differ by so much, in seconds. */
const SKEW = 60;

/**
 * Checks the detached JWS over an answer's body (RFC 7515 appendix F, Open Banking UK 4.0 message signing).
 *
 * @returns id of the key that signed it.
 * @throws StepFailed when there is none, it is another's, or the body is not what was signed.
 */
export async function signatureOf(answer: Exchange, { issuer, keys, now }: Bank): Promise<string> {
  const next = "take nothing from this answer, and tell the bank";
  const [head = "", payload, signature = ""] = (answer.headers.get("x-jws-signature") ?? "").split(".");
  if (payload !== "" || signature === "") throw new StepFailed("the answer is not signed", { answer, next });
  const jws = { protected: head, payload: Buffer.from(answer.body).toString("base64url"), signature };
  const crit = Object.fromEntries(PARAMETERS.map((name) => [name, true]));
  const { protectedHeader: header = {} } = await flattenedVerify(jws, createLocalJWKSet(keys), {
    crit,
    algorithms: ["ES256", "PS256"],
  }).catch((cause: unknown) => {
    throw new StepFailed("the answer's signature does not hold", { answer, next, cause });
  });
  const { kid = "", [ISS]: signer, [IAT]: at } = header as Readonly<Record<string, unknown>>;
  if (signer !== issuer || typeof at !== "number" || Math.abs(now / 1_000 - at) > SKEW)
    throw new StepFailed("the answer was signed by another bank, or another day", { answer, next });
  return String(kid);
}
