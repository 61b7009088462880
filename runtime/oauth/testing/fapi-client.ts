import * as oauth from "oauth4webapi";
import { type Browser, browser, type Loaded } from "./browser.ts";
import { WANJIKU } from "./neighbours.ts";
import { testClient, type TestClient } from "./network.ts";
import { HOSTS } from "./hosts.ts";
import type { TestPartner } from "./partner.ts";
import type { TestStack } from "./stack.ts";

/** oauth4webapi wants a fetch of the platform's own types; ours is undici's, which answers the same. */
type CustomFetch = (url: string, init: unknown) => Promise<Response>;

/** Changes to what a well-behaved client sends. */
export interface Deviations {
  /** Changes the client assertion's header or claims. */
  readonly assertion?: (header: Record<string, unknown>, claims: Record<string, unknown>) => void;
}

/** An independent FAPI 2.0 client (oauth4webapi) of one partner. */
export interface FapiClient {
  readonly as: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly options: { readonly [oauth.customFetch]: CustomFetch };
  auth(deviations?: Deviations): oauth.ClientAuth;
  readonly fetch: TestClient["fetch"];
  /** Pushes a request for a consent. */
  push(
    consent: string,
    request?: PushedRequest,
  ): Promise<{ readonly url: string; readonly verifier: string }>;
  /** Sends parameters as they are. @returns status and body. */
  rawPush(parameters: Readonly<Record<string, string>>, deviations?: Deviations): Promise<Answer>;
  /** Exchanges the code in the address the browser ended at. */
  exchange(callback: URL, verifier: string): Promise<oauth.TokenEndpointResponse>;
  rawExchange(callback: URL, verifier: string, redirectUri?: string): Promise<Answer>;
  rawRefresh(refreshToken: string): Promise<Answer>;
  close(): Promise<void>;
}

export interface PushedRequest {
  readonly state?: string;
  readonly nonce?: string;
  readonly more?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The request a well-behaved client pushes, and the verifier that belongs to it. */
export async function requestFor(
  partner: TestPartner,
  consent: string,
  { state = "st", nonce = "no", more = {} }: PushedRequest = {},
): Promise<{ readonly parameters: Record<string, string>; readonly verifier: string }> {
  const verifier = oauth.generateRandomCodeVerifier();
  const claims = {
    id_token: {
      openbanking_intent_id: { value: consent, essential: true },
      acr: { value: "urn:openbanking:psd2:sca", essential: true },
    },
  };
  const parameters = {
    response_type: "code",
    client_id: partner.clientId,
    redirect_uri: partner.redirectUri,
    scope: "openid accounts",
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    claims: JSON.stringify(claims),
    ...more,
  };
  return { parameters, verifier };
}

/** Where a client finds the hosts, and whom it believes them. */
export type Reach = Pick<TestStack, "ports" | "hostCa">;

export async function fapiClient(stack: Reach, partner: TestPartner): Promise<FapiClient> {
  const { cert, key } = partner.certificate;
  const http = testClient(stack.ports, { ca: stack.hostCa, cert, key });
  const options = { [oauth.customFetch]: http.fetch as unknown as CustomFetch };
  const issuer = new URL(`https://${HOSTS.auth}`);
  const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" });
  const as = await oauth.processDiscoveryResponse(issuer, found);
  const client: oauth.Client = {
    client_id: partner.clientId,
    use_mtls_endpoint_aliases: true,
    id_token_signed_response_alg: "ES256",
  };
  const auth: FapiClient["auth"] = ({ assertion } = {}) =>
    oauth.PrivateKeyJwt(
      { key: partner.signingKey as oauth.CryptoKey, kid: partner.kid },
      assertion === undefined ? {} : { [oauth.modifyAssertion]: assertion as never },
    );
  const answerOf = async (response: Response): Promise<Answer> => ({
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
  });
  return {
    as,
    client,
    options,
    auth,
    fetch: http.fetch,
    async push(consent, request) {
      const { parameters, verifier } = await requestFor(partner, consent, request);
      const response = await oauth.pushedAuthorizationRequest(as, client, auth(), parameters, options);
      const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, response);
      const url = new URL(as.authorization_endpoint ?? "");
      url.search = new URLSearchParams({ client_id: partner.clientId, request_uri }).toString();
      return { url: url.href, verifier };
    },
    rawPush: async (parameters, deviations) =>
      answerOf(await oauth.pushedAuthorizationRequest(as, client, auth(deviations), parameters, options)),
    async exchange(callback, verifier) {
      const parameters = oauth.validateAuthResponse(as, client, callback, "st");
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        auth(),
        parameters,
        partner.redirectUri,
        verifier,
        options,
      );
      return await oauth.processAuthorizationCodeResponse(as, client, response, {
        expectedNonce: "no",
        requireIdToken: true,
      });
    },
    async rawExchange(callback, verifier, redirectUri = partner.redirectUri) {
      const parameters = oauth.validateAuthResponse(as, client, callback, "st");
      return answerOf(
        await oauth.authorizationCodeGrantRequest(
          as,
          client,
          auth(),
          parameters,
          redirectUri,
          verifier,
          options,
        ),
      );
    },
    rawRefresh: async (refreshToken) =>
      answerOf(await oauth.refreshTokenGrantRequest(as, client, auth(), refreshToken, options)),
    close: () => http.close(),
  };
}

/** The customer at her browser, from the partner's link to the page named. */
export async function customerAt(stack: Reach): Promise<Browser & { close(): Promise<void> }> {
  const http = testClient(stack.ports, { ca: stack.hostCa });
  return { ...browser(http, HOSTS.auth), close: () => http.close() };
}

/** The newest code in the customer's mailbox, as a partner reads it. */
export async function codeInMailbox(client: FapiClient): Promise<string> {
  const answer = await client.fetch(`https://${HOSTS.mtlsAuth}/sandbox/mailbox/${WANJIKU.customer}`);
  return ((await answer.json()) as { readonly code: string }).code;
}

/** Takes a customer through login and code to the page of the decision. */
export async function toDecision(at: Browser, client: FapiClient, url: string): Promise<Loaded> {
  const login = await at.open(url);
  const { username, password } = WANJIKU;
  const code = await at.submit(login, "/login", { username, password });
  return await at.submit(code, "/code", { code: await codeInMailbox(client) });
}

/** A whole authorisation: from the pushed request to the browser's arrival at the partner. */
export async function authorised(
  stack: Reach,
  client: FapiClient,
  consent: string,
): Promise<{ readonly callback: URL; readonly verifier: string }> {
  const { url, verifier } = await client.push(consent);
  const customer = await customerAt(stack);
  const decision = await toDecision(customer, client, url);
  const { url: callback } = await customer.submit(decision, "/decision", {
    decision: "approve",
    account: "acc-1",
  });
  await customer.close();
  return { callback, verifier };
}
