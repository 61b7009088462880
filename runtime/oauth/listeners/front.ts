import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { INTERACTION_ID, interactionIdOf } from "../../service/interaction-id.ts";

/** What takes a request further. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** What stands before every request of one host. */
export interface FrontOptions {
  /** The only name this listener answers to. */
  readonly host: string;
  /** The name that links are built with: the issuer's, whichever host a request came by. */
  readonly linkHost: string;
  /** Who may go on; undefined: everybody. An answer ends the request. */
  readonly gate?: (request: IncomingMessage) => OauthRefusal | undefined;
  /** The handler of a method and path, or undefined when this host does not have it. */
  readonly route: (method: string, path: string) => Handler | OauthRefusal | undefined;
  /** Called when a handler threw before it answered. */
  readonly failed: (error: unknown, request: IncomingMessage) => void;
}

/** A refusal as OAuth words it. */
export interface OauthRefusal {
  readonly status: number;
  readonly error: string;
  readonly description: string;
}

/**
 * The door of a host: its name, its addresses, and the headers every answer has.
 *
 * oidc-provider builds links from the Host header and from an absolute request target, so neither gets past unless it
 * is ours.
 */
export function front({ host, linkHost, gate, route, failed }: FrontOptions): RequestListener {
  return (request, response) => {
    const id = interactionIdOf(request.headers[INTERACTION_ID]);
    response.setHeader(INTERACTION_ID, id);
    response.setHeader("strict-transport-security", "max-age=31536000; includeSubDomains");
    response.setHeader("x-content-type-options", "nosniff");
    const target = request.url ?? "";
    if (!target.startsWith("/") || target.startsWith("//")) {
      refuse(response, {
        status: 400,
        error: "invalid_request",
        description: "the request target is no path",
      });
      return;
    }
    if (request.headers.host?.toLowerCase().replace(/:\d+$/, "") !== host) {
      refuse(response, { status: 421, error: "invalid_request", description: `this is ${host}` });
      return;
    }
    const refusal = gate?.(request);
    if (refusal !== undefined) {
      refuse(response, refusal);
      return;
    }
    const [path = ""] = target.split("?", 1);
    const handler = route(request.method ?? "", path);
    if (typeof handler !== "function") {
      refuse(
        response,
        handler ?? { status: 404, error: "not_found", description: "there is nothing at this address" },
      );
      return;
    }
    request.headers.host = linkHost;
    Promise.resolve()
      .then(() => handler(request, response))
      .catch((error: unknown) => {
        failed(error, request);
        if (response.headersSent) response.destroy();
        else
          refuse(response, { status: 500, error: "server_error", description: "something went wrong here" });
      });
  };
}

/** Ends a request with an OAuth error. */
export function refuse(response: ServerResponse, { status, error, description }: OauthRefusal): void {
  const body = JSON.stringify({ error, error_description: description });
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(body);
}
