import type { webcrypto } from "node:crypto";
import * as oauth from "oauth4webapi";
import { type Answer, StepFailed } from "./failure.ts";
import { asResponse, type Exchange, type Http } from "./http.ts";

/** A partner as the authorization server knows it. */
export interface Identity {
  readonly clientId: string;
  readonly signingKey: { readonly key: webcrypto.CryptoKey; readonly kid: string };
  readonly redirectUri: string;
}

/** An authorization request that was pushed: where the customer goes, and what the answer must repeat. */
export interface Pushed {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** What a token is for; accounts unless something else is said. */
export type ApiScope = "accounts" | "payments";

/** What a code was exchanged for. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Seconds. */
  readonly expiresIn: number | undefined;
}

/** The partner's side of OAuth, spoken by oauth4webapi: FAPI 2.0 with private_key_jwt over mutual TLS. */
export interface Authorization {
  readonly server: oauth.AuthorizationServer;
  /** A token of its own, for creating and deleting consents. */
  clientToken(scope?: ApiScope): Promise<Tokens>;
  /** Pushes the request for a customer's consent (RFC 9126), with PKCE S256. */
  push(consentId: string, scope?: ApiScope): Promise<Pushed>;
  /** Checks the answer the browser brought back (state, iss) and exchanges its code. */
  exchange(callback: URL, pushed: Pushed): Promise<Tokens>;
  refresh(refreshToken: string): Promise<Tokens>;
}

/**
 * Reads the server's metadata and speaks to it from then on.
 *
 * @param issuer as `https://auth.east-africa.openbanking.test`.
 * @throws StepFailed with the server's answer, from each of its functions too.
 */
export async function discover(issuer: URL, http: Http, identity: Identity): Promise<Authorization> {
  const calls = recordedCalls(http);
  const options = { [oauth.customFetch]: calls.fetch };
  const client: oauth.Client = { client_id: identity.clientId, use_mtls_endpoint_aliases: true };
  const authenticate = oauth.PrivateKeyJwt(identity.signingKey);
  const server = await calls.said(`reading the metadata of ${issuer.href}`, async () =>
    oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options)),
  );

  return {
    server,
    clientToken: (scope = "accounts") =>
      calls.said("asking for a token of its own (client_credentials)", async () => {
        const parameters = { scope };
        const answer = await oauth.clientCredentialsGrantRequest(
          server,
          client,
          authenticate,
          parameters,
          options,
        );
        return tokensOf(await oauth.processClientCredentialsResponse(server, client, answer));
      }),
    push: (consentId, scope = "accounts") =>
      calls.said(`pushing the authorization request for consent ${consentId}`, async () => {
        const [state, nonce, codeVerifier] = [
          oauth.generateRandomState(),
          oauth.generateRandomNonce(),
          oauth.generateRandomCodeVerifier(),
        ];
        const answer = await oauth.pushedAuthorizationRequest(
          server,
          client,
          authenticate,
          {
            response_type: "code",
            redirect_uri: identity.redirectUri,
            scope: `openid ${scope}`,
            state,
            nonce,
            code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
            code_challenge_method: "S256",
            claims: JSON.stringify({
              id_token: { openbanking_intent_id: { value: consentId, essential: true } },
            }),
          },
          options,
        );
        const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, answer);
        const url = new URL(server.authorization_endpoint ?? "");
        url.searchParams.set("client_id", identity.clientId);
        url.searchParams.set("request_uri", request_uri);
        return { url, state, nonce, codeVerifier };
      }),
    exchange: (callback, { state, nonce, codeVerifier }) =>
      calls.said("exchanging the code", async () => {
        const parameters = oauth.validateAuthResponse(server, client, callback, state);
        const answer = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authenticate,
          parameters,
          identity.redirectUri,
          codeVerifier,
          options,
        );
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
          expectedNonce: nonce,
          requireIdToken: true,
        });
        await oauth.validateApplicationLevelSignature(server, answer, options);
        return tokensOf(tokens);
      }),
    refresh: (refreshToken) =>
      calls.said("refreshing the token", async () => {
        const answer = await oauth.refreshTokenGrantRequest(
          server,
          client,
          authenticate,
          refreshToken,
          options,
        );
        return tokensOf(await oauth.processRefreshTokenResponse(server, client, answer));
      }),
  };
}

function tokensOf(answer: oauth.TokenEndpointResponse): Tokens {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresIn: answer.expires_in,
  };
}

/** Calls whose last answer is remembered, so that what the library throws can be told with what came back. */
function recordedCalls(http: Http) {
  let last: Exchange | undefined;
  const fetch = async (
    url: string,
    options: oauth.CustomFetchOptions<string, unknown>,
  ): Promise<Response> => {
    const { method, headers, body } = options;
    // The library sends forms only (RFC 6749 section 4), and reads without a body.
    const form = body instanceof URLSearchParams ? body.toString() : undefined;
    last = await http.send(url, { method, headers, body: form });
    return asResponse(last);
  };
  const said = async <T>(tried: string, work: () => Promise<T>): Promise<T> => {
    last = undefined;
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof StepFailed) throw cause;
      const answer: Answer | undefined = last;
      throw new StepFailed(`${tried} failed`, {
        answer,
        cause,
        next: "read `error_description`; the log of oauth has the same interaction id",
      });
    }
  };
  return { fetch, said };
}
