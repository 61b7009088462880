import type { TLSSocket } from "node:tls";
import type { Configuration } from "oidc-provider";
import { FAPI_ALGORITHMS } from "./client.ts";
import type { OauthKeys } from "./keys.ts";
import type { Partners } from "./partners.ts";
import { resourceServerFor } from "./resource.ts";

/** The library calls it an experiment: another version of it may want other words here, and refuses to start until then. */
const EXTERNAL = { enabled: true, ack: "experimental-01" };

/** Algorithms of FAPI 2.0 Security Profile 5.4.1 wherever something is signed, and no encryption. */
export function algorithms(): NonNullable<Configuration["enabledJWA"]> {
  const signatures = [...FAPI_ALGORITHMS];
  const none: [] = [];
  return {
    clientAuthSigningAlgValues: signatures,
    idTokenSigningAlgValues: signatures,
    requestObjectSigningAlgValues: signatures,
    userinfoSigningAlgValues: signatures,
    introspectionSigningAlgValues: signatures,
    authorizationSigningAlgValues: signatures,
    dPoPSigningAlgValues: ["ES256", "EdDSA"],
    attestSigningAlgValues: ["ES256", "EdDSA"],
    idTokenEncryptionAlgValues: none,
    requestObjectEncryptionAlgValues: none,
    userinfoEncryptionAlgValues: none,
    introspectionEncryptionAlgValues: none,
    authorizationEncryptionAlgValues: none,
  };
}

/** What decides about features. */
export interface FeaturesOptions {
  readonly hosts: { readonly api: string };
  readonly keys: OauthKeys;
  readonly partners: Partners;
  readonly accessTokenSeconds: number;
}

/** What of oidc-provider is on: FAPI 2.0 with pushed requests and tokens bound to the client's certificate. The rest is off. */
export function featuresOf({
  hosts,
  keys,
  partners,
  accessTokenSeconds,
}: FeaturesOptions): NonNullable<Configuration["features"]> {
  const audience = `https://${hosts.api}`;
  return {
    ...(keys.canSign ? { externalSigningSupport: EXTERNAL } : {}),
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: false },
    dPoP: { enabled: false },
    clientCredentials: { enabled: true },
    claimsParameter: { enabled: true },
    fapi: { enabled: true, profile: "2.0" },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    revocation: {
      enabled: true,
      // Another client's token is answered as an unknown one is (RFC 7009 section 2.2).
      allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
    },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      getCertificate: (ctx) => (ctx.socket as TLSSocket).getPeerX509Certificate?.(),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      // Otherwise a request with `openid` gets an opaque token that is good for nothing.
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, identifier, client) =>
        resourceServerFor({ audience, accessTokenSeconds, partners }, ctx, identifier, client),
    },
  };
}
