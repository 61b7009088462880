import type { InteractionResults, Provider } from "oidc-provider";
import { secondsLeft } from "../account.ts";
import type { GrantStore } from "../adapter/grant-store.ts";
import type { Consents } from "../consents.ts";
import { INTENT_CLAIM, SCA_ACR } from "../intent.ts";
import type { OpenInteraction } from "./interaction.ts";

/** What carrying out a decision needs. */
export interface DecisionDeps {
  readonly provider: Provider;
  readonly grants: GrantStore;
  readonly consents: Consents;
  /** `https://<hosts.api>`. */
  readonly audience: string;
  readonly clock: () => number;
}

/** A customer who has proven who she is. */
export interface AuthenticatedCustomer {
  readonly customer: string;
  /** Milliseconds since 1970. */
  readonly authenticatedAt: number;
}

/**
 * Allows a consent: the grant is there before the consent names it, and goes again when the consent service refuses.
 *
 * @throws when the consent service gives no answer; the decision may then be made again.
 */
export async function approve(
  deps: DecisionDeps,
  { consent, partner }: OpenInteraction,
  { customer, authenticatedAt }: AuthenticatedCustomer,
  accounts: readonly string[],
): Promise<InteractionResults> {
  const { provider, grants, consents, audience, clock } = deps;
  const lasting = { expiresIn: secondsLeft(consent, clock()) };
  const grant = new provider.Grant({ accountId: customer, clientId: partner.clientId, ...lasting });
  grant.addOIDCScope("openid");
  grant.addOIDCClaims([INTENT_CLAIM]);
  grant.addResourceScope(audience, "accounts");
  const grantId = await grant.save();
  let authorised = false;
  try {
    await grants.bindConsent(grantId, consent.id);
    const sca = { method: "otp", at: new Date(authenticatedAt).toISOString() } as const;
    authorised = await consents.authorise(consent.id, { customer, accounts, grantId, sca });
  } finally {
    if (!authorised) await grants.revokeGrant(grantId);
  }
  if (!authorised) {
    return { error: "invalid_request", error_description: "the consent can no longer be authorised" };
  }
  return {
    login: {
      accountId: customer,
      acr: SCA_ACR,
      amr: ["pwd", "otp"],
      ts: Math.floor(authenticatedAt / 1000),
      remember: false,
    },
    consent: { grantId },
  };
}

/** Refuses a consent. One that has ended meanwhile stays as it is; the partner hears the same. */
export async function deny(
  { consents }: DecisionDeps,
  { consent }: OpenInteraction,
): Promise<InteractionResults> {
  await consents.reject(consent.id);
  return { error: "access_denied", error_description: "the customer did not allow it" };
}

/** Leaves without a decision: the consent still waits. */
export const CANCELLED: InteractionResults = {
  error: "access_denied",
  error_description: "the customer cancelled",
};
