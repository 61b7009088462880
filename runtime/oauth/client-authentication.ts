import type { TLSSocket } from "node:tls";
import { type Configuration, errors } from "oidc-provider";
import { ASSERTION_ISSUED } from "./adapter/adapter.ts";
import { type AssertionTimes, issuedAt, timeFault } from "./assertion.ts";
import type { Partners } from "./partners.ts";
import { thumbprintOf } from "./thumbprint.ts";

/**
 * What is asked of a client's assertion beyond its signature: whom it is for, its times, and that the connection's certificate is
 * the same partner's. Leaves behind when it was made, for the detection of replays.
 *
 * @param clock in ms since 1970.
 */
export function checkAssertion(
  partners: Partners,
  clock: () => number,
): NonNullable<Configuration["assertJwtClientAuthClaimsAndHeader"]> {
  return (ctx, claims, _header, client) => {
    // RFC 7523 allows an array and the endpoints' URLs; FAPI 2.0 5.3.2.1-8 does not.
    if (claims["aud"] !== ctx.oidc.issuer)
      throw new errors.InvalidClientAuth("aud must be the issuer, as a string");
    const times = claims as unknown as AssertionTimes;
    const fault = timeFault(times, Math.floor(clock() / 1000));
    if (fault !== undefined) throw new errors.InvalidClientAuth(fault);
    const certificate = (ctx.socket as TLSSocket).getPeerX509Certificate?.();
    const owner = certificate && partners.byThumbprint(thumbprintOf(certificate));
    if (owner?.clientId !== client.clientId) {
      throw new errors.InvalidClientAuth("the client certificate is not one of this client's");
    }
    ctx.state[ASSERTION_ISSUED] = issuedAt(times);
  };
}
