import { type Client, errors, type KoaContextWithOIDC, type ResourceServer } from "oidc-provider";
import type { Partners } from "./partners.ts";
import { scopesOf } from "./scope.ts";

/** The one API that tokens are for, and how tokens for it look. */
export interface ApiResource {
  /** Its identifier and the tokens' `aud`: `https://<hosts.api>`. */
  readonly audience: string;
  readonly accessTokenSeconds: number;
  readonly partners: Partners;
}

/**
 * The API as oidc-provider sees it for one client.
 *
 * @throws InvalidTarget for any other resource, InvalidScope for a scope that the partner's roles do not give: oidc-provider
 *   would drop it silently and issue a token that can do nothing.
 */
export function resourceServerFor(
  { audience, accessTokenSeconds, partners }: ApiResource,
  ctx: KoaContextWithOIDC,
  identifier: string,
  client: Client,
): ResourceServer {
  if (identifier !== audience) throw new errors.InvalidTarget();
  const partner = partners.byClientId(client.clientId);
  const allowed: readonly string[] = partner === undefined ? [] : scopesOf(partner);
  const scope: unknown = ctx.oidc.params?.["scope"];
  const asked = typeof scope === "string" ? scope.split(" ") : [];
  const refused = asked.find((name) => name !== "openid" && !allowed.includes(name));
  if (refused !== undefined) throw new errors.InvalidScope("requested scope is not allowed", refused);
  const own = ctx.oidc.params?.["grant_type"] === "client_credentials";
  if (own && !asked.some((name) => allowed.includes(name))) {
    throw new errors.InvalidScope(
      `scope must name one of: ${allowed.join(" ") || "none is open to this partner"}`,
      "",
    );
  }
  return {
    scope: allowed.join(" "),
    audience,
    accessTokenTTL: accessTokenSeconds,
    accessTokenFormat: "jwt",
    jwt: { sign: { alg: "ES256" } },
  };
}
