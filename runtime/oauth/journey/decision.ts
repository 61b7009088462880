import type { InteractionResults, Provider } from "oidc-provider";
import { secondsLeft } from "../account.ts";
import type { GrantStore } from "../adapter/grant-store.ts";
import type { BankAccount } from "../bank.ts";
import type { Consents, PayerAccount } from "../consents.ts";
import { INTENT_CLAIM, SCA_ACR } from "../intent.ts";
import { scopeOf } from "../scope.ts";
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
  readonly linked: string | undefined;
}

/** What she agrees to. */
export interface Agreement {
  readonly accounts: readonly BankAccount[];
  /** The words of the page. */
  readonly shown: string;
}

/**
 * Allows a consent: the grant is there before the consent names it, and goes again when the consent service refuses.
 *
 * @throws when the consent service gives no answer; the decision may then be made again.
 */
export async function approve(
  deps: DecisionDeps,
  { consent, partner }: OpenInteraction,
  { customer, authenticatedAt, linked }: AuthenticatedCustomer,
  { accounts, shown }: Agreement,
): Promise<InteractionResults> {
  const { provider, grants, consents, audience, clock } = deps;
  // She has just authenticated: when she had to do so for an earlier grant is over.
  const { reauthenticateBy: _earlier, ...renewed } = consent;
  const lasting = { expiresIn: secondsLeft(renewed, clock()) };
  const grant = new provider.Grant({ accountId: customer, clientId: partner.clientId, ...lasting });
  grant.addOIDCScope("openid");
  grant.addOIDCClaims([INTENT_CLAIM]);
  const kind = consent.kind ?? "account-access";
  grant.addResourceScope(audience, scopeOf(kind));
  const grantId = await grant.save();
  let authorised = false;
  try {
    await grants.bindConsent(grantId, consent.id);
    const sca = { method: "otp", at: new Date(authenticatedAt).toISOString(), linked } as const;
    const debtor = kind === "account-access" ? undefined : debtorOf(accounts);
    const ids = accounts.map(({ accountId }) => accountId);
    authorised = await consents.authorise(consent.id, {
      customer,
      accounts: ids,
      debtor,
      grantId,
      sca,
      shown,
    });
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

function debtorOf([account]: readonly BankAccount[]): PayerAccount | undefined {
  const { scheme, number, holder } = account ?? {};
  if (scheme === undefined || number === undefined || holder === undefined) return undefined;
  return { SchemeName: scheme, Identification: number, Name: holder };
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
