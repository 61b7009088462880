import { createServer } from "node:https";
import type { RequestListener, Server } from "node:http";
import {
  fastify,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyRequest,
  type preHandlerHookHandler,
} from "fastify";
import { CONTEXT_HEADER, parseContext, type CallContext } from "./context.ts";
import { answerErrors } from "./error-handler.ts";
import type { ServiceIdentity } from "./identity.ts";
import { INTERACTION_ID, interactionIdOf } from "./interaction-id.ts";
import type { Log } from "./logger.ts";
import { partnerOf, peerByCertificate, type PeerOf } from "./peer.ts";
import { Problem } from "./problem.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The service that calls, such as `gateway`; known by its certificate. */
    peer: string;
    /** The only partner it may speak for; undefined: any. */
    onlyFor: string | undefined;
    /** UUID of the call, given on or made here. */
    interactionId: string;
  }
}

/** How a service takes calls of its neighbours. */
export interface ServiceAppOptions {
  readonly log: Log;
  /** Own namespace: callers of another one are strangers. */
  readonly namespace: string;
  /** Services that may call at all; `onlyFrom` narrows it for a route. */
  readonly allow: readonly string[];
  /** Absent: no TLS, for `app.inject` in tests. */
  readonly identity?: ServiceIdentity;
  /** How a caller is known. Default: by its verified certificate. */
  readonly peerOf?: PeerOf;
  /** Runs what a call asks for, with the only partner its caller may speak for. Default: just so. */
  readonly during?: (partner: string | undefined, work: () => void) => void;
}

/** Larger bodies are refused with 413. */
export const BODY_LIMIT = 1_048_576;

/** U+FFFD stands for U+0000 in addresses: Postgres cannot be asked for the one, and no id of ours has the other. */
const REPLACEMENT = "%EF%BF%BD";

/**
 * An HTTP application that only the services in `allow` can call, over TLS 1.3 with certificates on both sides.
 *
 * A renewed identity is used for new connections at once. Errors are answered in the dialect of the path; every answer
 * repeats the interaction id. Start it with `app.listen({port: 8443, host: "::"})`.
 */
export function createServiceApp(options: ServiceAppOptions): FastifyInstance {
  const { identity, log, allow } = options;
  const peerOf = options.peerOf ?? peerByCertificate(options.namespace);
  const settings: FastifyHttpOptions<Server> = {
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: "idle",
    rewriteUrl: ({ url = "/" }) => url.replaceAll("%00", REPLACEMENT),
    ...(identity === undefined ? {} : { serverFactory: (handler) => mtlsServer(identity, handler) }),
  };
  const app = fastify(settings);
  answerErrors(app, log);
  app.decorateRequest("peer", "");
  app.decorateRequest("onlyFor", undefined);
  app.decorateRequest("interactionId", "");
  app.addHook("onRequest", async (request, reply) => {
    request.interactionId = interactionIdOf(request.headers[INTERACTION_ID]);
    reply.header(INTERACTION_ID, request.interactionId);
    const peer = peerOf(request.raw.socket);
    if (peer === undefined || !allow.includes(peer)) {
      log.warn({ peer, url: request.routeOptions.url }, "caller refused");
      throw new Problem(403, "PeerNotAllowed", `${peer ?? "This caller"} may not call this service.`);
    }
    request.peer = peer;
    request.onlyFor = partnerOf(request.raw.socket, options.namespace);
  });
  const { during } = options;
  // Not sooner: what reads the body begins anew, with whatever was there when the connection was made.
  if (during) app.addHook("preValidation", (request, _reply, done) => during(request.onlyFor, done));
  return app;
}

function mtlsServer(identity: ServiceIdentity, handler: RequestListener): Server {
  const server = createServer(
    {
      ...identity.current(),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
      keepAliveTimeout: 75_000,
      requestTimeout: 30_000,
    },
    handler,
  );
  server.on(
    "close",
    identity.onChange(() => server.setSecureContext(identity.current())),
  );
  // An https.Server is used exactly as an http.Server is; only its connections differ.
  return server as unknown as Server;
}

/** Lets only the named services through to a route. */
export function onlyFrom(...services: readonly string[]): preHandlerHookHandler {
  return (request, _reply, done) => {
    if (services.includes(request.peer)) done();
    else done(new Problem(403, "PeerNotAllowed", `${request.peer} may not call this address.`));
  };
}

/**
 * On whose behalf the gateway calls.
 *
 * @throws Problem 403 when the caller is not the gateway, or one of a partner's own and speaks for another; 400 when it
 * sent no usable context.
 */
export function contextOf(request: FastifyRequest): CallContext {
  if (request.peer !== "gateway") {
    throw new Problem(403, "PeerNotAllowed", "Only the gateway speaks for partners.");
  }
  const context = parseContext(request.headers[CONTEXT_HEADER]);
  if (context === undefined) throw new Problem(400, "ContextMissing", `${CONTEXT_HEADER} cannot be read.`);
  if (request.onlyFor !== undefined && request.onlyFor !== context.clientId) {
    throw new Problem(
      403,
      "PeerNotAllowed",
      `The gateway of ${request.onlyFor} speaks for no other partner.`,
    );
  }
  return context;
}
