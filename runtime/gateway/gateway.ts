import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { ConsentSnapshot } from "../service/consent-snapshot.ts";
import type { CallContext } from "../service/context.ts";
import { INTERACTION_ID, interactionIdOf } from "../service/interaction-id.ts";
import type { Log } from "../service/logger.ts";
import { UpstreamError, type Upstream, type UpstreamResponse } from "../service/mtls-client.ts";
import type { ListedPartner, PartnerDirectory } from "../service/shards.ts";
import type { AccessLog } from "./access-log.ts";
import type { VerifiedToken } from "./access-token.ts";
import type { AdmissionDesk } from "./admission.ts";
import { hasBody, readBody } from "./body.ts";
import type { Connections } from "./connections.ts";
import type { Consents } from "./consents.ts";
import { refuseBearer, refuseCaller, refuseConsented } from "./decide.ts";
import {
  acceptsJson,
  answerHeaders,
  isJsonType,
  namesHost,
  queryHasToken,
  upstreamHeaders,
} from "./headers.ts";
import type { CallMetrics } from "./metrics.ts";
import { refusalAnswer, type Refusal } from "./refusal.ts";
import { REVOCATIONS_STALE_MS } from "./revocation-feed.ts";
import { routeOf, type Route, type UpstreamName } from "./route.ts";
import type { TokenFound, Tokens } from "./tokens.ts";

/** What a gateway is put together from. */
export interface GatewayParts {
  /** Host served, `hosts.api`. */
  readonly host: string;
  readonly directory: PartnerDirectory;
  readonly tokens: Tokens;
  readonly consents: Consents;
  /** How old the news of revocations are, in ms. */
  readonly revocationsAgeMs: () => number;
  readonly desk: AdmissionDesk;
  readonly upstreams: Readonly<Record<UpstreamName, Upstream>>;
  readonly accessLog: AccessLog;
  readonly metrics: CallMetrics;
  readonly log: Log;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
}

/** A call under way: what is found out about it on its way. */
interface Call {
  readonly interactionId: string;
  clientId: string;
  route: string;
  refusal: Refusal | "";
  consentId: string;
  upstreamMs: number;
  retryAfter: number | undefined;
  allow: readonly string[] | undefined;
}

/**
 * Serves partners' calls: checks each against everything that is known, in the order of `decide.ts`, and lets what
 * passes through to its service.
 */
export function createGateway(parts: GatewayParts): (connections: Connections) => RequestListener {
  const { host, directory, desk, accessLog, metrics, log, now, clock } = parts;

  const serve = async (call: Call, request: IncomingMessage, thumbprint: string, ends: number) => {
    const { url = "", method = "", headers } = request;
    const mark = url.indexOf("?");
    const match = routeOf(method, mark < 0 ? url : url.slice(0, mark));
    if (match.found) call.route = match.route.name;
    else call.allow = match.allowed;
    const partner = directory.byThumbprint(thumbprint);
    call.clientId = partner?.clientId ?? "";
    const refusal = refuseCaller({
      now: now(),
      ready: directory.roster() !== undefined,
      hostServed: namesHost(headers.host, host),
      tokenInQuery: mark >= 0 && queryHasToken(url.slice(mark + 1)),
      certificateEnds: ends,
      partner,
      match,
      acceptsJson: acceptsJson(headers.accept),
      jsonBody: !hasBody(request) || isJsonType(headers["content-type"]),
    });
    if (refusal !== undefined) return refusal;
    if (partner === undefined || !match.found) return "CertificateUnknown";
    const entry = desk.enter(partner);
    if (!entry.entered) {
      call.retryAfter = entry.retryAfter;
      return entry.refusal;
    }
    try {
      return await passOn(parts, call, request, { partner, thumbprint, route: match.route });
    } finally {
      desk.leave(partner.clientId);
    }
  };

  return (connections) => (request, response) => {
    const started = clock();
    const connection = connections.of(request.socket);
    if (connection === undefined) {
      request.socket.destroy();
      return;
    }
    const call: Call = {
      interactionId: interactionIdOf(request.headers[INTERACTION_ID]),
      clientId: "",
      route: "unknown",
      refusal: "",
      consentId: "",
      upstreamMs: 0,
      retryAfter: undefined,
      allow: undefined,
    };
    connection.calls += 1;
    serve(call, request, connection.thumbprint, connection.certificateEnds)
      .catch((error: unknown) => {
        log.error({ err: error, interactionId: call.interactionId, route: call.route }, "call failed");
        return "UpstreamUnavailable" as const;
      })
      .then((outcome) => {
        connection.calls -= 1;
        write(response, call, outcome, connections.isLast(connection));
        const durationMs = clock() - started;
        const { statusCode: status } = response;
        metrics.observe(call.route, status, call.refusal, durationMs / 1000);
        accessLog.write({ ...call, time: now(), method: request.method ?? "", status, durationMs });
      })
      .catch((error: unknown) => {
        log.error({ err: error, interactionId: call.interactionId }, "answer not written");
        response.destroy();
      });
  };
}

/** A call that was let in: whose it is and where it goes. */
interface Admitted {
  readonly partner: ListedPartner;
  readonly thumbprint: string;
  readonly route: Route;
}

/** Checks a call's token and consent, and hands it to its service. */
async function passOn(
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
  const refusal = refuseBearer({ now: now(), partner, thumbprint, route, token, consentEnded });
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
  // What was taken away while the call waited counts too.
  const present = parts.directory.byThumbprint(thumbprint);
  if (present === undefined) return "CertificateUnknown";
  if (present.suspended) return "PartnerSuspended";
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

function snapshotPart({ permissions, accounts, policy, transactionFrom, transactionTo }: ConsentSnapshot) {
  return {
    consent: {
      permissions,
      accounts,
      historyDays: policy.historyDays,
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
  const asked = clock();
  try {
    return await upstreams[route.upstream].request({
      method: request.method as "GET" | "POST" | "DELETE",
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

/** Writes the answer of a service, or the refusal. */
function write(
  response: ServerResponse,
  call: Call,
  outcome: Refusal | UpstreamResponse,
  lastOnConnection: boolean,
): void {
  const { interactionId, retryAfter, allow } = call;
  if (typeof outcome === "string") {
    call.refusal = outcome;
    const { status, headers, body, close } = refusalAnswer(outcome, { interactionId, retryAfter, allow });
    const ends = close || lastOnConnection || outcome === "BodyTooLarge";
    response.writeHead(status, {
      ...headers,
      [INTERACTION_ID]: interactionId,
      ...(ends ? { connection: "close" } : {}),
    });
    response.end(body);
    return;
  }
  response.writeHead(outcome.status, {
    ...answerHeaders(outcome.headers, interactionId),
    ...(lastOnConnection ? { connection: "close" } : {}),
    ...(outcome.status === 204 ? {} : { "content-length": outcome.body.length }),
  });
  response.end(outcome.body);
}
