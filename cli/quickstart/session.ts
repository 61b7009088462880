import type { JSONWebKeySet } from "jose";
import type { PartnerObject } from "../../crds/resources.ts";
import { accountApi, type AccountApi } from "./account-api.ts";
import { type Authorization, discover, type Pushed, type Tokens } from "./authorization.ts";
import { createBrowser } from "./browser.ts";
import { consentAs, type Customer, type Journey } from "./customer.ts";
import { createHttp, type Exchange, type Http, type TransportCredentials } from "./http.ts";
import { newestCode } from "./mailbox.ts";
import { type PartnerKeys, signingKeyOf } from "./partner-keys.ts";
import type { Group } from "./platform.ts";
import type { Lookup } from "./resolver.ts";

/** How the bank's hosts are found and believed. */
export interface Network {
  readonly lookup: Lookup;
  /** PEM. */
  readonly root: string;
  /** Sees every answer. */
  readonly onExchange?: ((exchange: Exchange) => void) | undefined;
}

/** A partner that has its certificate. */
export interface EnrolledPartner {
  readonly clientId: string;
  readonly keys: PartnerKeys;
  /** Leaf and issuer, PEM. */
  readonly certificate: string;
  readonly redirectUri: string;
}

/** One partner at one group: its connections, its authorization, its API. */
export interface Session {
  readonly group: Group;
  readonly partner: EnrolledPartner;
  readonly http: Http;
  readonly authorization: Authorization;
  readonly api: AccountApi;
  /** The keys by which the bank speaks, read anew. */
  bankKeys(): Promise<JSONWebKeySet>;
  /** The customer's side: logs in, proves who they are, consents. Each call is a new browser. */
  consent(customer: Customer, pushed: Pushed): Promise<Journey>;
  close(): Promise<void>;
}

/** The credentials that a Partner's status and its own keys make together. @throws Error before it has a certificate. */
export function enrolled(partner: PartnerObject, keys: PartnerKeys): EnrolledPartner {
  const { clientId, certificates = [] } = partner.status ?? {};
  const certificate = certificates.find(({ pem }) => pem !== undefined)?.pem;
  const [redirectUri] = partner.spec.redirectURIs;
  if (clientId === undefined || certificate === undefined || redirectUri === undefined) {
    throw new Error(`The Partner ${partner.metadata.name} has no certificate yet.`);
  }
  return { clientId, keys, certificate, redirectUri };
}

/** Transport credentials of a partner. */
export function credentialsOf({ keys, certificate }: EnrolledPartner): TransportCredentials {
  return { key: keys.transportKey, certificate };
}

/** Opens a partner's connections to a group and reads the metadata of its authorization server. */
export async function openSession(
  group: Group,
  partner: EnrolledPartner,
  network: Network,
): Promise<Session> {
  const http = createHttp({ ...network, credentials: credentialsOf(partner) });
  const { clientId, redirectUri } = partner;
  const signingKey = await signingKeyOf(partner.keys);
  const issuer = new URL(`https://${group.auth}`);
  try {
    const authorization = await discover(issuer, http, { clientId, signingKey, redirectUri });
    return {
      group,
      partner,
      http,
      authorization,
      api: accountApi(group.api, http),
      async consent(customer, pushed) {
        const own = createHttp(network);
        try {
          const browser = createBrowser(own, redirectUri, () => new Date());
          const code = () => newestCode(group.mtlsAuth, http, customer.id);
          return await consentAs(customer, browser, pushed.url, code);
        } finally {
          await own.close();
        }
      },
      async bankKeys() {
        const { body } = await http.send(authorization.server.jwks_uri ?? "");
        return JSON.parse(body) as JSONWebKeySet;
      },
      close: () => http.close(),
    };
  } catch (error) {
    await http.close();
    throw error;
  }
}

/** A consent a customer gave, with the token that reads under it. */
export interface GivenConsent {
  readonly consentId: string;
  readonly tokens: Tokens;
}

/** From nothing to a token that reads: a consent made, pushed, given and exchanged. */
export async function givenConsent(
  session: Session,
  customer: Customer,
  permissions: readonly string[],
  expires: Date,
): Promise<GivenConsent> {
  const { authorization, api } = session;
  const own = await authorization.clientToken();
  const consentId = await api.createConsent(own.accessToken, permissions, expires);
  const pushed = await authorization.push(consentId);
  const { callback } = await session.consent(customer, pushed);
  return { consentId, tokens: await authorization.exchange(callback, pushed) };
}
