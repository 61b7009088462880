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

type Ends = Pick<ConsentSnapshot, "expiresAt" | "reauthenticateBy">;

/**
 * Until when a consent gives tokens anything: its end, or the time at which the customer must authenticate again, in ms
 * since 1970. Nothing that is issued under it lives longer, so whoever checks a token need not know of either.
 */
export function grantEnd({ expiresAt, reauthenticateBy }: Ends): number | undefined {
  const ends = [expiresAt, reauthenticateBy].flatMap((time) =>
    time === undefined ? [] : [Date.parse(time)],
  );
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Seconds until a consent gives nothing any more; at least 1. */
export function secondsLeft(consent: Ends, now: number): number {
  const end = grantEnd(consent) ?? Infinity;
  return Math.min(LONGEST_SECONDS, Math.max(1, Math.floor((end - now) / 1000)));
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
  if (consent.reauthenticateBy !== undefined && Date.parse(consent.reauthenticateBy) <= now)
    return "whose customer must authenticate again";
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
    const end = grantEnd(consent);
    const account: ConsentingAccount = {
      accountId: customer,
      consent,
      claims: () => ({
        sub: customer,
        [INTENT_CLAIM]: consent.id,
        ...(end === undefined ? {} : { [REFRESH_EXPIRY_CLAIM]: Math.floor(end / 1000) }),
      }),
    };
    return account;
  };
}

/** The consent under which the present request issues tokens, or undefined outside of that. */
export function consentOf(ctx: KoaContextWithOIDC | undefined): ConsentSnapshot | undefined {
  return (ctx?.oidc.account as ConsentingAccount | undefined)?.consent;
}
