import type { IncomingMessage } from "node:http";
import type { ConsentSnapshot } from "../service/consent-snapshot.ts";
import { parseAmount, type CallContext } from "../service/context.ts";
import { JWS_SIGNATURE, signatureFault } from "../service/jws-signature.ts";
import { UpstreamError, type UpstreamResponse } from "../service/mtls-client.ts";
import type { ListedPartner } from "../service/shards.ts";
import type { VerifiedToken } from "./access-token.ts";
import { isSignedRoute } from "./answer-signature.ts";
import { hasBody, readBody } from "./body.ts";
import { refuseBearer, refuseConsented } from "./decide.ts";
import { upstreamHeaders } from "./headers.ts";
import type { Call, GatewayParts } from "./parts.ts";
import type { Method } from "./operations.ts";
import type { Refusal } from "./refusal.ts";
import { REVOCATIONS_STALE_MS } from "./revocation-feed.ts";
import type { Route } from "./route.ts";
import type { TokenFound } from "./tokens.ts";

/** A call that was let in: whose it is and where it goes. */
export interface Admitted {
  readonly partner: ListedPartner;
  readonly thumbprint: string;
  readonly route: Route;
}

/** Checks a call's token and consent, and hands it to its service. */
export async function passOn(
  parts: GatewayParts,
  call: Call,
  request: IncomingMessage,
  { partner, thumbprint, route }: Admitted,
): Promise<Refusal | UpstreamResponse> {
  const { consents, now } = parts;
  const found = parts.tokens.look(request.headers.authorization, now());
  const token: TokenFound = found instanceof Promise ? await found : found;
  const id = typeof token === "string" ? undefined : token.consentId;
  call.consentId = id ?? "";
  const consentEnded = id !== undefined && consents.hasEnded(id);
  const grant = typeof token === "string" ? undefined : token.grantId;
  const grantEnded = grant !== undefined && parts.grants.has(grant);
  const refusal = refuseBearer({ now: now(), partner, thumbprint, route, token, grantEnded, consentEnded });
  if (refusal !== undefined) return refusal;
  if (typeof token === "string") return "TokenInvalid";
  let consent: ConsentSnapshot | undefined;
  if (route.grant === "consent" && id !== undefined) {
    const read = await consentOf(parts, id, token);
    if (read === "ConsentUnavailable") return read;
    consent = read;
    const no = refuseConsented({ now: now(), route, token, consent });
    if (no !== undefined) return no;
  }
  const body = hasBody(request) ? await readBody(request) : undefined;
  if (body === "TooLarge") return "BodyTooLarge";
  if (body === "Aborted") return "UpstreamUnavailable";
  const signs = partner.shard.securityProfile === "fapi2-message-signing";
  if (body !== undefined && signs && isSignedRoute(route)) {
    const { clientId, shard } = partner;
    const signature = request.headers[JWS_SIGNATURE];
    const expected = { issuer: clientId, keys: shard.jwks.keys, now: now() };
    const fault = signatureFault(typeof signature === "string" ? signature : undefined, body, expected);
    if (fault !== undefined) return fault;
  }
  // What was taken away while the call waited counts too.
  const present = parts.directory.byThumbprint(thumbprint);
  if (present === undefined) return "CertificateUnknown";
  if (present.suspended) return "PartnerSuspended";
  if (grant !== undefined && parts.grants.has(grant)) return "GrantEnded";
  if (id !== undefined && consents.hasEnded(id)) return "ConsentEnded";
  return forward(parts, call, request, route, body, contextOf(call, partner, token, consent));
}

/** The consent a token was given for; read again while news of revocations are overdue, or its grant is another. */
async function consentOf(
  { consents, revocationsAgeMs, now, log }: GatewayParts,
  id: string,
  token: VerifiedToken,
): Promise<ConsentSnapshot | undefined | "ConsentUnavailable"> {
  const known = revocationsAgeMs() < REVOCATIONS_STALE_MS ? consents.known(id, now()) : undefined;
  if (known !== undefined && known.grantId === token.grantId && known.status === "AUTH") return known;
  try {
    return await consents.find(id, now());
  } catch (error) {
    log.warn({ err: error }, "consent not read");
    return "ConsentUnavailable";
  }
}

function contextOf(
  { interactionId }: Call,
  { clientId, shard }: ListedPartner,
  token: VerifiedToken,
  consent: ConsentSnapshot | undefined,
): CallContext {
  const { scope, customer, consentId, grantId } = token;
  return {
    clientId,
    partnerName: shard.displayName,
    scope,
    interactionId,
    ...(consent === undefined ? {} : snapshotPart(consent)),
    ...(customer === undefined ? {} : { customer }),
    ...(consentId === undefined ? {} : { consentId }),
    ...(grantId === undefined ? {} : { grantId }),
  };
}

function snapshotPart(snapshot: ConsentSnapshot): Pick<CallContext, "consent"> {
  const { kind, initiation, permissions, accounts, policy, transactionFrom, transactionTo } = snapshot;
  const amount = parseAmount(initiation?.["InstructedAmount"]);
  return {
    consent: {
      ...(kind === undefined ? {} : { kind }),
      permissions,
      accounts,
      ...(amount === undefined ? {} : { amount }),
      historyDays: policy.historyDays,
      ...(policy.minimisation === undefined ? {} : { minimisation: policy.minimisation }),
      ...(transactionFrom === undefined ? {} : { transactionFrom }),
      ...(transactionTo === undefined ? {} : { transactionTo }),
    },
  };
}

async function forward(
  { upstreams, clock, log }: GatewayParts,
  call: Call,
  request: IncomingMessage,
  route: Route,
  body: Buffer | undefined,
  context: CallContext,
): Promise<Refusal | UpstreamResponse> {
  const upstream = upstreams[route.upstream];
  if (upstream === undefined) return "UpstreamUnavailable";
  const asked = clock();
  try {
    return await upstream.request({
      method: request.method as Method,
      path: request.url ?? "",
      headers: upstreamHeaders(request.headers, context),
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    log.warn({ err: error, route: route.name, interactionId: call.interactionId }, "service gave no answer");
    return error.reason === "DeadlineExceeded" ? "UpstreamTimeout" : "UpstreamUnavailable";
  } finally {
    call.upstreamMs = clock() - asked;
  }
}
