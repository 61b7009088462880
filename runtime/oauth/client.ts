import { createPublicKey } from "node:crypto";
import type { ClientMetadata, JWK } from "oidc-provider";
import type { Shard, ShardJwk } from "../../crds/shard.ts";
import type { Log } from "../service/logger.ts";
import type { Partners } from "./partners.ts";

/** Signature algorithms of FAPI 2.0 Security Profile 5.4.1. */
export const FAPI_ALGORITHMS = ["ES256", "PS256", "EdDSA"] as const;

/** Why a partner cannot be a client: the clause of FAPI 2.0 Security Profile, and a sentence. */
export interface Objection {
  readonly clause: string;
  readonly message: string;
}

type Check = (shard: Shard) => string | undefined;

/** Everything FAPI asks of a client's registration. In order; the first objection wins. */
const checks: readonly { readonly clause: string; readonly check: Check }[] = [
  {
    clause: "profile",
    check: ({ securityProfile }) =>
      securityProfile === "fapi2-security" ? undefined : `The profile ${securityProfile} is not served.`,
  },
  {
    clause: "5.3.2.1-5",
    check: ({ senderConstraint }) =>
      senderConstraint === "mtls" ? undefined : `Tokens cannot be bound by ${senderConstraint}; use mtls.`,
  },
  {
    clause: "5.3.2.1-6",
    check: ({ clientAuthentication }) =>
      clientAuthentication === "private_key_jwt"
        ? undefined
        : `Clients cannot authenticate by ${clientAuthentication}; use private_key_jwt.`,
  },
  { clause: "5.3.2.2-8", check: ({ redirectUris }) => objectionToRedirects(redirectUris) },
  {
    clause: "5.4.2",
    check: ({ jwks: { keys } }) => {
      if (keys.length === 0) return "There is no signing key.";
      const kids = new Set(keys.map(({ kid }) => kid));
      return kids.size === keys.length ? undefined : "Two keys have the same kid.";
    },
  },
  {
    clause: "5.4.1",
    check: ({ jwks }) => jwks.keys.map(objectionToKey).find((objection) => objection !== undefined),
  },
];

/** The first thing that keeps a partner from being a client, or undefined when nothing does. */
export function objectionTo(shard: Shard): Objection | undefined {
  for (const { clause, check } of checks) {
    const message = check(shard);
    if (message !== undefined) return { clause, message };
  }
  return undefined;
}

function objectionToRedirects(uris: readonly string[]): string | undefined {
  if (uris.length === 0) return "There is no redirect URI.";
  for (const uri of uris) {
    const url = URL.parse(uri);
    if (url?.protocol !== "https:") return `The redirect URI ${uri} is not https.`;
    if (uri.includes("#")) return `The redirect URI ${uri} has a fragment.`;
    if (uri.includes("*")) return `The redirect URI ${uri} has a wildcard.`;
    if (url.username !== "" || url.password !== "")
      return `The redirect URI of ${url.host} carries user information.`;
  }
  return undefined;
}

function objectionToKey(jwk: ShardJwk): string | undefined {
  const algorithm = algorithmOf(jwk);
  if (algorithm === undefined) {
    return `Key ${jwk.kid} (${jwk.kty} ${jwk.crv ?? ""}) is for no algorithm of ${FAPI_ALGORITHMS.join(", ")}.`;
  }
  if (jwk.alg !== undefined && jwk.alg !== algorithm) return `Key ${jwk.kid} cannot be used with ${jwk.alg}.`;
  if (jwk.use !== undefined && jwk.use !== "sig") return `Key ${jwk.kid} is not for signatures.`;
  try {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    return bits === undefined || bits >= 2048
      ? undefined
      : `Key ${jwk.kid} has ${bits} bits; RSA needs 2048.`;
  } catch {
    return `Key ${jwk.kid} is no valid public key.`;
  }
}

function algorithmOf({ kty, crv }: ShardJwk): (typeof FAPI_ALGORITHMS)[number] | undefined {
  if (kty === "EC" && crv === "P-256") return "ES256";
  if (kty === "OKP" && crv === "Ed25519") return "EdDSA";
  if (kty === "RSA") return "PS256";
  return undefined;
}

/**
 * A partner as a client of the authorization server.
 *
 * Nothing a partner says can loosen it: everything but name, redirect URIs and keys is the same for all.
 */
export function clientOf({ clientId, displayName, redirectUris, jwks }: Shard): ClientMetadata {
  return {
    client_id: clientId,
    client_name: displayName,
    redirect_uris: redirectUris,
    jwks: { keys: jwks.keys as readonly JWK[] },
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    response_types: ["code"],
    response_modes: ["query"],
    // Scopes of resource servers may not stand here; roles decide about those.
    scope: "openid",
    token_endpoint_auth_method: "private_key_jwt",
    tls_client_certificate_bound_access_tokens: true,
    require_pushed_authorization_requests: true,
    id_token_signed_response_alg: "ES256",
  };
}

/**
 * Finds partners as clients: one FAPI has an objection to is none, which is logged once per version.
 *
 * @returns the client, or undefined when nobody live and acceptable has that id.
 */
export function clientFinder(partners: Pick<Partners, "byClientId">, log: Log) {
  const known = new WeakMap<Shard, ClientMetadata | "refused">();
  return (clientId: string): ClientMetadata | undefined => {
    const shard = partners.byClientId(clientId);
    if (shard === undefined) return undefined;
    let client = known.get(shard);
    if (client === undefined) {
      const objection = objectionTo(shard);
      if (objection !== undefined) log.warn({ client: clientId, ...objection }, "partner refused as client");
      client = objection === undefined ? clientOf(shard) : "refused";
      known.set(shard, client);
    }
    return client === "refused" ? undefined : client;
  };
}
