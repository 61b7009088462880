import type { IncomingHttpHeaders } from "node:http";
import { clientOfHost } from "../../crds/dedicated.ts";
import { CONTEXT_HEADER, encodeContext, type CallContext } from "../service/context.ts";
import { INTERACTION_ID } from "../service/interaction-id.ts";
import type { MediaType } from "./route.ts";

/**
 * Request headers that go on to a service. Everything else stays here: a list of what passes cannot forget
 * `x-forwarded-for`, `client-cert` (RFC 9440), or a `wekeza-context` a partner made up.
 */
const FORWARDED = [
  "accept",
  "accept-language",
  "consent-id",
  "content-type",
  "if-modified-since",
  "if-none-match",
  "psu-ip-address",
  "x-customer-user-agent",
  "x-fapi-auth-date",
  "x-fapi-customer-ip-address",
  "x-idempotency-key",
  "x-jws-signature",
  "x-request-id",
] as const;

/** Answer headers of a service that go back to the partner. */
const RETURNED = [
  "aspsp-sca-approach",
  "content-type",
  "etag",
  "last-modified",
  "location",
  "retry-after",
  "x-request-id",
] as const;

/** The headers a service gets: those of {@link FORWARDED}, the call's id, and the context that only we can give. */
export function upstreamHeaders(headers: IncomingHttpHeaders, context: CallContext): Record<string, string> {
  const out: Record<string, string> = {
    [CONTEXT_HEADER]: encodeContext(context),
    [INTERACTION_ID]: context.interactionId,
  };
  for (const name of FORWARDED) {
    const value = headers[name];
    if (typeof value === "string") out[name] = value;
  }
  return out;
}

/** The headers a partner gets with a service's answer. */
export function answerHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  interactionId: string,
): Record<string, string> {
  const out: Record<string, string> = { [INTERACTION_ID]: interactionId, "cache-control": "no-store" };
  for (const name of RETURNED) {
    const value = headers[name];
    if (typeof value === "string") out[name] = value;
  }
  return out;
}

/** Whether a body of this type is one that a route takes; a request without a body has no type. */
export function isTaken(type: string | undefined, takes: MediaType): boolean {
  return takes === "anything" || type?.split(";", 1)[0]?.trim().toLowerCase() === takes;
}

/** Whether an `Accept` header lets us answer in JSON; an absent one does (RFC 9110 section 12.5.1). */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  return accept.split(",").some((part) => {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    if (parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) return false;
    return type === "*/*" || type === "application/*" || type === "application/json";
  });
}

/** Whether a query carries an access token, which FAPI 2.0 forbids (5.3.4): it would end in logs and histories. */
export function queryHasToken(query: string): boolean {
  if (query === "") return false;
  for (const name of new URLSearchParams(query).keys()) {
    if (name.toLowerCase() === "access_token") return true;
  }
  return false;
}

/**
 * Whether a `Host` header names a host that {@link isServed}, whatever the port.
 *
 * @param clientId as there.
 */
export function namesHost(header: string | undefined, host: string, clientId?: string): boolean {
  return isServed(header?.replace(/:\d{1,5}$/, "") ?? "", host, clientId);
}

/**
 * Whether a name is that of the group's host, or of one that a partner may have beneath it.
 *
 * @param clientId of the caller: a partner's own host is no other's; undefined: nobody that is known here.
 */
export function isServed(name: string, host: string, clientId?: string): boolean {
  const [asked, api] = [name.toLowerCase(), host.toLowerCase()];
  if (asked === api) return true;
  const owner = clientOfHost(api, asked);
  return owner !== undefined && owner === (clientId ?? owner);
}
