import type { ClaimsParameter } from "oidc-provider";

/** The claim that says for which consent authorization is asked (Open Banking UK security profile). */
export const INTENT_CLAIM = "openbanking_intent_id";

/** The ID token claim that says when the refresh token ends, in Unix time (Open Banking UK security profile). */
export const REFRESH_EXPIRY_CLAIM = "http://openbanking.org.uk/refresh_token_expires_at";

/** Authentication context: password and a one-time code, for one consent. */
export const SCA_ACR = "urn:openbanking:psd2:sca";

/** The consent id in a `claims` request, or undefined when it names none. */
export function intentOf(claims: ClaimsParameter | undefined): string | undefined {
  const value = claims?.id_token?.[INTENT_CLAIM]?.value;
  return typeof value === "string" && value.length > 0 && value.length <= 128 ? value : undefined;
}

/** The consent id in the text of a `claims` parameter, or undefined. */
export function intentOfText(claims: unknown): string | undefined {
  if (typeof claims !== "string") return undefined;
  try {
    return intentOf(JSON.parse(claims) as ClaimsParameter);
  } catch {
    return undefined;
  }
}

/**
 * Why a `claims` request cannot be met, or undefined when it can.
 *
 * Said when it is pushed: found out after the customer's consent, it would send her round in circles.
 */
export function claimsFault(claims: ClaimsParameter | undefined): string | undefined {
  if (intentOf(claims) === undefined) return `claims.id_token.${INTENT_CLAIM}.value must name a consent`;
  const { acr, sub } = claims?.id_token ?? {};
  if (acr?.essential === true) {
    const wanted = [...(acr.value === undefined ? [] : [acr.value]), ...(acr.values ?? [])];
    if (wanted.length > 0 && !wanted.includes(SCA_ACR)) return `the only acr is ${SCA_ACR}`;
  }
  if (sub?.value !== undefined) return "claims.id_token.sub cannot be asked for by value";
  return undefined;
}
