import type {
  Account,
  AuthorizationCode,
  ClaimsParameter,
  KoaContextWithOIDC,
  RefreshToken,
} from "oidc-provider";
import type { ConsentSnapshot } from "../service/consent-snapshot.ts";
import type { Log } from "../service/logger.ts";
import type { GrantStore } from "./adapter/grant-store.ts";
import type { Consents } from "./consents.ts";
import { INTENT_CLAIM, intentOf, REFRESH_EXPIRY_CLAIM } from "./intent.ts";

/** Longest life of a grant whose consent has no end, in seconds: ten years. */
const LONGEST_SECONDS = 3_650 * 86_400;

/** A customer, for whom a token is being issued under a consent. */
export interface ConsentingAccount extends Account {
  readonly consent: ConsentSnapshot;
}

/** What a token is issued from, as far as it matters here. */
interface Source {
  readonly grantId?: string | undefined;
  readonly claims?: ClaimsParameter | undefined;
}

/** Seconds until a consent ends; at least 1. */
export function secondsLeft({ expiresAt }: Pick<ConsentSnapshot, "expiresAt">, now: number): number {
  if (expiresAt === undefined) return LONGEST_SECONDS;
  return Math.min(LONGEST_SECONDS, Math.max(1, Math.floor((Date.parse(expiresAt) - now) / 1000)));
}

/**
 * Why a consent gives no token to a grant, or undefined when it does.
 *
 * @param now milliseconds since 1970.
 */
export function consentFault(
  consent: ConsentSnapshot | undefined,
  {
    clientId,
    customer,
    grantId,
  }: { readonly clientId: string; readonly customer: string; readonly grantId: string | undefined },
  now: number,
): string | undefined {
  if (consent === undefined) return "unknown";
  if (consent.clientId !== clientId) return "of another partner";
  if (consent.status !== "AUTH") return `in state ${consent.status}`;
  if (consent.expiresAt !== undefined && Date.parse(consent.expiresAt) <= now) return "expired";
  if (consent.customer !== customer) return "of another customer";
  // Authorised again: what an earlier authorisation gave ends.
  if (consent.grantId !== grantId) return "authorised with another grant";
  return undefined;
}

/** What `findAccount` needs. */
export interface AccountOptions {
  readonly consents: Consents;
  readonly grants: GrantStore;
  readonly log: Log;
  readonly clock: () => number;
}

/**
 * The customer of a token, looked up when one is issued or refreshed: the place where the consent itself, not what we
 * remember of it, decides. A consent that gives nothing any more ends the grant.
 */
export function findAccount({ consents, grants, log, clock }: AccountOptions) {
  return async (
    ctx: KoaContextWithOIDC,
    customer: string,
    token?: AuthorizationCode | RefreshToken | object,
  ): Promise<Account | undefined> => {
    if (token === undefined) return { accountId: customer, claims: () => ({ sub: customer }) };
    const source = token as Source;
    const consentId = intentOf(source.claims);
    const clientId = ctx.oidc.client?.clientId ?? "";
    const consent = consentId === undefined ? undefined : await consents.find(consentId);
    const fault = consentFault(consent, { clientId, customer, grantId: source.grantId }, clock());
    if (fault !== undefined || consent === undefined) {
      log.info({ client: clientId, consent: consentId, fault }, "no token for this consent");
      if (source.grantId !== undefined) await grants.revokeGrant(source.grantId);
      return undefined;
    }
    const account: ConsentingAccount = {
      accountId: customer,
      consent,
      claims: () => ({
        sub: customer,
        [INTENT_CLAIM]: consent.id,
        ...(consent.expiresAt === undefined
          ? {}
          : { [REFRESH_EXPIRY_CLAIM]: Math.floor(Date.parse(consent.expiresAt) / 1000) }),
      }),
    };
    return account;
  };
}

/** The consent under which the present request issues tokens, or undefined outside of that. */
export function consentOf(ctx: KoaContextWithOIDC | undefined): ConsentSnapshot | undefined {
  return (ctx?.oidc.account as ConsentingAccount | undefined)?.consent;
}
