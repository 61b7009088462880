import type { EventEmitter } from "node:events";
import { type Configuration, errors, type KoaContextWithOIDC, Provider } from "oidc-provider";
import { KeyStoreError } from "../../key-store/error.ts";
import type { Log } from "../service/logger.ts";
import { consentOf, findAccount, secondsLeft } from "./account.ts";
import { adapterFactory, type Stores } from "./adapter/adapter.ts";
import { CLOCK_TOLERANCE } from "./assertion.ts";
import { checkAssertion } from "./client-authentication.ts";
import type { Consents } from "./consents.ts";
import { algorithms, featuresOf } from "./features.ts";
import { claimsFault, INTENT_CLAIM, REFRESH_EXPIRY_CLAIM, SCA_ACR } from "./intent.ts";
import type { OauthKeys } from "./keys.ts";
import { LIFETIME } from "./lifetimes.ts";
import { failurePage } from "./pages/failure.ts";
import type { Partners } from "./partners.ts";
import { API_SCOPES, apiScopeIn } from "./scope.ts";

/** Paths of the endpoints, the same on both hosts. */
export const ENDPOINTS = {
  authorization: "/auth",
  token: "/token",
  pushed_authorization_request: "/request",
  revocation: "/token/revocation",
  jwks: "/jwks",
} as const;

const REFUSALS = [
  "authorization.error",
  "grant.error",
  "pushed_authorization_request.error",
  "revocation.error",
] as const;

/** What the authorization server is made of. */
export interface ProviderOptions {
  readonly hosts: { readonly api: string; readonly auth: string; readonly mtlsAuth: string };
  readonly keys: OauthKeys;
  readonly stores: Stores;
  readonly partners: Partners;
  readonly consents: Consents;
  readonly accessTokenSeconds: number;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** The authorization server: FAPI 2.0 Security Profile, and nothing beside it. */
export function createProvider(options: ProviderOptions): Provider {
  const { hosts, keys, log } = options;
  const provider = new Provider(`https://${hosts.auth}`, configurationOf(options));
  // No login outlives its interaction: each consent has an authentication of its own, and no two customers of one
  // browser ever meet. A destroyed session is neither stored nor set as a cookie.
  provider.on("authorization.success", (ctx) => {
    if (ctx.oidc.session !== undefined) Object.assign(ctx.oidc.session, { destroyed: true });
  });
  provider.on("server_error", (ctx: KoaContextWithOIDC, error: Error) => {
    log.error({ err: error, route: ctx.oidc?.route }, "authorization server failed");
  });
  const events: EventEmitter = provider;
  for (const event of REFUSALS) {
    events.on(event, (ctx: KoaContextWithOIDC, error: Error & { readonly error_detail?: string }) => {
      const { message, error_detail: detail } = error;
      log.info({ event, client: ctx.oidc?.client?.clientId, error: message, detail }, "request refused");
    });
  }
  provider.use(async (ctx, next) => {
    if (ctx.path === ENDPOINTS.token && !(await canSign(keys, log))) {
      // Before a code is spent that no token could be given for.
      ctx.status = 503;
      ctx.set({ "retry-after": "5", "cache-control": "no-store" });
      ctx.body = { error: "temporarily_unavailable", error_description: "no token can be signed now" };
      return;
    }
    await next();
    if (ctx.path === ENDPOINTS.jwks && ctx.status === 200)
      ctx.body = { keys: [...keys.own(), ...(keys.published?.() ?? [])] };
    if (!ctx.path.startsWith("/.well-known/")) return;
    Object.assign(ctx.body as object, {
      response_modes_supported: ["query"],
      scopes_supported: ["openid", ...API_SCOPES],
    });
  });
  return provider;
}

async function canSign(keys: OauthKeys, log: Log): Promise<boolean> {
  try {
    await keys.canSign?.();
    return true;
  } catch (error) {
    if (!(error instanceof KeyStoreError)) throw error;
    log.warn({ err: error }, "tokens wait for the key store");
    return false;
  }
}

function configurationOf(options: ProviderOptions): Configuration {
  const { hosts, keys, stores, partners, consents, accessTokenSeconds, log, clock } = options;
  const secure = { signed: true, secure: true, httpOnly: true, sameSite: "lax" } as const;
  const ofMtls = (path: string): string => `https://${hosts.mtlsAuth}${path}`;
  return {
    adapter: adapterFactory(stores),
    jwks: keys.jwks,
    acrValues: [SCA_ACR],
    claims: {
      openid: ["sub", REFRESH_EXPIRY_CLAIM],
      [INTENT_CLAIM]: null,
      acr: null,
      auth_time: null,
      iss: null,
      sid: null,
    },
    scopes: ["openid"],
    responseTypes: ["code"],
    clientAuthMethods: ["private_key_jwt"],
    clientDefaults: {
      grant_types: ["authorization_code"],
      response_types: ["code"],
      id_token_signed_response_alg: "ES256",
      token_endpoint_auth_method: "private_key_jwt",
    },
    clockTolerance: CLOCK_TOLERANCE,
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    cookies: {
      names: {
        session: "__Host-wekeza-session",
        interaction: "__Secure-wekeza-interaction",
        resume: "__Secure-wekeza-resume",
      },
      long: secure,
      short: secure,
      keys: keys.cookieKeys,
    },
    discovery: {
      mtls_endpoint_aliases: {
        token_endpoint: ofMtls(ENDPOINTS.token),
        pushed_authorization_request_endpoint: ofMtls(ENDPOINTS.pushed_authorization_request),
        revocation_endpoint: ofMtls(ENDPOINTS.revocation),
      },
    },
    routes: ENDPOINTS,
    enabledJWA: algorithms(),
    features: featuresOf(options),
    extraParams: {
      scope: (_ctx, scope) => {
        if (apiScopeIn(scope) === undefined || scope?.split(" ").includes("openid") !== true) {
          throw new errors.InvalidRequest(`scope must be openid and one of: ${API_SCOPES.join(" ")}`);
        }
      },
      claims: (_ctx, claims) => {
        const fault = claimsFault(claims === undefined ? undefined : JSON.parse(claims));
        if (fault !== undefined) throw new errors.InvalidRequest(fault);
      },
      id_token_hint: (_ctx, hint) => {
        if (hint !== undefined) throw new errors.InvalidRequest("id_token_hint is not supported");
      },
    },
    assertJwtClientAuthClaimsAndHeader: checkAssertion(partners, clock),
    findAccount: findAccount({ consents, grants: stores.grants, log, clock }),
    // A grant belongs to one consent and is never found through a login.
    loadExistingGrant: (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId;
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId);
    },
    extraTokenClaims: (ctx, token) => {
      const consent = consentOf(ctx);
      if (token.kind !== "AccessToken" || consent === undefined) return undefined;
      return { consent_id: consent.id, grant_id: token.grantId };
    },
    issueRefreshToken: () => true,
    // FAPI 2.0 5.3.2.1-9 forbids routine rotation; the consent ends the token.
    rotateRefreshToken: false,
    expiresWithSession: () => false,
    ttl: {
      AccessToken: (ctx) => Math.min(accessTokenSeconds, secondsLeft(consentOf(ctx) ?? {}, clock())),
      ClientCredentials: accessTokenSeconds,
      AuthorizationCode: LIFETIME.authorizationCode,
      IdToken: LIFETIME.idToken,
      Interaction: LIFETIME.interaction,
      Session: LIFETIME.session,
      RefreshToken: (ctx) => secondsLeft(consentOf(ctx) ?? {}, clock()),
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    renderError: (ctx, out) => {
      const { body, headers } = failurePage({
        heading: "This cannot go on",
        text: explanationOf(out.error),
        code: out.error,
      });
      ctx.set(headers);
      ctx.body = body;
    },
  };
}

/** What a customer can do about an error of the protocol. */
function explanationOf(error: string): string {
  switch (error) {
    case "invalid_request_uri":
    case "invalid_request":
      return "The request has ended or was used already. Go back to the service that sent you here and start again.";
    case "server_error":
    case "temporarily_unavailable":
      return "Something went wrong on our side. Please try again in a few minutes.";
    default:
      return "The service that sent you here made a request we cannot accept. Please tell them.";
  }
}
