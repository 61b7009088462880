import { KeyStoreError } from "../../key-store/error.ts";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { isBerlinGroupPath, REQUEST_ID } from "../service/berlin-group.ts";
import { INTERACTION_ID, interactionIdOf, isInteractionId } from "../service/interaction-id.ts";
import type { UpstreamResponse } from "../service/mtls-client.ts";
import { hasBody } from "./body.ts";
import type { Connections } from "./connections.ts";
import { refuseCaller } from "./decide.ts";
import { answerEst, EST_PATH, estMatchOf } from "./est.ts";
import { answerSignature, isSignedRoute } from "./answer-signature.ts";
import { acceptsJson, answerHeaders, isTaken, namesHost, queryHasToken } from "./headers.ts";
import type { Call, GatewayParts } from "./parts.ts";
import { passOn } from "./pass-on.ts";
import { refusalAnswer, type Refusal } from "./refusal.ts";
import { routeOf } from "./route.ts";

/**
 * Serves partners' calls: checks each against everything that is known, in the order of `decide.ts`, and lets what
 * passes through to its service.
 */
export function createGateway(parts: GatewayParts): (connections: Connections) => RequestListener {
  const { host, directory, admission, signer, accessLog, metrics, log, now, clock } = parts;
  const signed = async (call: Call, outcome: Refusal | UpstreamResponse): Promise<Signed> => {
    try {
      const answer = typeof outcome === "string" ? refusalAnswer(outcome, call) : outcome;
      return { outcome, signature: await answerSignature(signer, answer, now()) };
    } catch (error) {
      if (!(error instanceof KeyStoreError)) throw error;
      // What has to be signed never goes out unsigned; nothing is lost, as asking again brings the answer that was stored.
      log.warn({ err: error, interactionId: call.interactionId, route: call.route }, "answer not signed");
      return { outcome: "AnswerUnsigned", signature: {} };
    }
  };

  const serve = async (call: Call, request: IncomingMessage, thumbprint: string, ends: number) => {
    const { url = "", method = "", headers } = request;
    const mark = url.indexOf("?");
    const path = mark < 0 ? url : url.slice(0, mark);
    const match = estMatchOf(method, path) ?? routeOf(method, path);
    if (match.found) {
      call.route = match.route.name;
      call.signed = !("operation" in match.route) && call.dialect === undefined && isSignedRoute(match.route);
    } else call.allow = match.allowed;
    const { takes = "application/json", gives = "application/json" } = match.found ? match.route : {};
    const partner = directory.byThumbprint(thumbprint);
    call.clientId = partner?.clientId ?? "";
    const refusal = refuseCaller({
      now: now(),
      ready: directory.roster() !== undefined,
      hostServed: namesHost(headers.host, host, partner?.clientId),
      tokenInQuery: mark >= 0 && queryHasToken(url.slice(mark + 1)),
      certificateEnds: ends,
      partner,
      match,
      accepted: gives === "anything" || acceptsJson(headers.accept),
      bodyTaken: !hasBody(request) || isTaken(headers["content-type"], takes),
    });
    if (refusal !== undefined) return refusal;
    if (partner === undefined || !match.found) return "CertificateUnknown";
    const asked = admission.enter(partner);
    const entry = asked instanceof Promise ? await asked : asked;
    if (!entry.entered) {
      call.retryAfter = entry.retryAfter;
      return entry.refusal;
    }
    try {
      const { route } = match;
      if ("operation" in route) return await answerEst(parts.est, route, partner, thumbprint, request);
      return await passOn(parts, call, request, { partner, thumbprint, route });
    } finally {
      admission.leave(partner.clientId);
    }
  };

  return (connections) => (request, response) => {
    const started = clock();
    const connection = connections.of(request.socket);
    if (connection === undefined) {
      request.socket.destroy();
      return;
    }
    const requestId = request.headers[REQUEST_ID];
    const call: Call = {
      interactionId: interactionIdOf(request.headers[INTERACTION_ID]),
      dialect: dialectOf(request.url ?? ""),
      requestId: isInteractionId(requestId) ? requestId : undefined,
      clientId: "",
      route: "unknown",
      signed: false,
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
      .then((outcome) => (call.signed ? signed(call, outcome) : { outcome, signature: {} }))
      .then(({ outcome, signature }) => {
        connection.calls -= 1;
        write(response, call, outcome, { last: connections.isLast(connection), signature });
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

/** What is answered, with the header that signs it. */
interface Signed {
  readonly outcome: Refusal | UpstreamResponse;
  readonly signature: Readonly<Record<string, string>>;
}

/** How an answer is written. */
interface Manner {
  /** Whether it is the connection's last. */
  readonly last: boolean;
  readonly signature: Signed["signature"];
}

/** Whose words an address speaks. */
function dialectOf(url: string): Call["dialect"] {
  if (isBerlinGroupPath(url)) return "berlin-group";
  return url.startsWith(`${EST_PATH}/`) ? "est" : undefined;
}

/** Writes the answer of a service, or the refusal. */
function write(
  response: ServerResponse,
  call: Call,
  outcome: Refusal | UpstreamResponse,
  { last, signature }: Manner,
): void {
  const { interactionId, dialect, requestId } = call;
  if (typeof outcome === "string") {
    call.refusal = outcome;
    const { status, headers, body, close } = refusalAnswer(outcome, call);
    const ends = close || last || outcome === "BodyTooLarge";
    response.writeHead(status, {
      ...headers,
      ...signature,
      [INTERACTION_ID]: interactionId,
      ...(dialect === undefined || requestId === undefined ? {} : { [REQUEST_ID]: requestId }),
      ...(ends ? { connection: "close" } : {}),
    });
    response.end(body);
    return;
  }
  response.writeHead(outcome.status, {
    ...answerHeaders(outcome.headers, interactionId),
    ...signature,
    ...(last ? { connection: "close" } : {}),
    ...(outcome.status === 204 ? {} : { "content-length": outcome.body.length }),
  });
  response.end(outcome.body);
}
