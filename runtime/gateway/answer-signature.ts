import { JWS_SIGNATURE, signMessage, type MessageSigner } from "../service/jws-signature.ts";
import type { Route } from "./route.ts";

/** Refusals that the definitions sign, beside what succeeds and what goes wrong here; 401, 405, 406, 415, 429 they do not. */
const SIGNED_REFUSALS = [400, 403, 409];

/** Whether requests and answers of a route carry a signature: payments, their consents and files. */
export function isSignedRoute({ scopes }: Pick<Route, "scopes">): boolean {
  return scopes.length === 1 && scopes[0] === "payments";
}

/** An answer as far as a signature goes. */
export interface SignedAnswer {
  readonly status: number;
  readonly body: Buffer | string | undefined;
}

/**
 * The header that signs an answer about payments, over the bytes that are sent. Nothing is signed that has no body.
 *
 * Source: the response headers in Open Banking UK 4.0's definitions of payment initiation and VRP.
 * @throws KeyStoreError when the key's store signs nothing.
 */
export async function answerSignature(
  signer: () => MessageSigner,
  { status, body }: SignedAnswer,
  now: number,
): Promise<Record<string, string>> {
  const signed = status < 300 || status >= 500 || SIGNED_REFUSALS.includes(status);
  if (!signed || body === undefined || body.length === 0) return {};
  return { [JWS_SIGNATURE]: await signMessage(signer(), Buffer.from(body), now) };
}
