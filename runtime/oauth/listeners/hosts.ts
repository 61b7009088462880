import type { IncomingMessage, RequestListener } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Provider } from "oidc-provider";
import type { Log } from "../../service/logger.ts";
import type { Mailbox } from "../journey/mailbox.ts";
import type { Partners } from "../partners.ts";
import { ENDPOINTS } from "../provider.ts";
import { partnerOf } from "./client-certificate.ts";
import { front, type Handler, type OauthRefusal, refuse } from "./front.ts";

/** What the two hosts serve. */
export interface HostsOptions {
  readonly hosts: { readonly auth: string; readonly mtlsAuth: string };
  readonly provider: Provider;
  readonly journey: FastifyInstance;
  readonly partners: Partners;
  /** Absent in production. */
  readonly mailbox?: Mailbox;
  readonly log: Log;
  readonly clock: () => number;
}

/** Addresses of documents that both hosts serve. */
const PUBLIC = new Set<string>([
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
  ENDPOINTS.jwks,
]);

/** Endpoints for clients; they need the client's certificate, to bind tokens to it. */
const CLIENT_ONLY = new Set<string>([
  ENDPOINTS.token,
  ENDPOINTS.pushed_authorization_request,
  ENDPOINTS.revocation,
]);

/** Where customers look at their consents and take them back. */
export const SELF_SERVICE = "/consents";

const MAILBOX = "/sandbox/mailbox/";

/** The host for browsers: authorization, the pages, discovery. */
export function authHost({ hosts, provider, journey, log }: HostsOptions): RequestListener {
  const oidc = providerHandler(provider);
  const pages: Handler = (request, response) => journey.routing(request, response);
  const wrongHost: OauthRefusal = {
    status: 401,
    error: "invalid_client",
    description: `a client certificate is needed; use https://${hosts.mtlsAuth} (mtls_endpoint_aliases)`,
  };
  return front({
    host: hosts.auth,
    linkHost: hosts.auth,
    failed: failure(log),
    route: (method, path) => {
      if (CLIENT_ONLY.has(path)) return wrongHost;
      if (path.startsWith("/interaction/") || path === SELF_SERVICE || path.startsWith(`${SELF_SERVICE}/`))
        return pages;
      const known =
        PUBLIC.has(path) || path === ENDPOINTS.authorization || /^\/auth\/[A-Za-z0-9_-]+$/.test(path);
      return known && method === "GET" ? oidc : undefined;
    },
  });
}

/** The host for partners' clients: pushed requests, tokens, revocation. */
export function mtlsHost(options: HostsOptions): RequestListener {
  const { hosts, provider, partners, mailbox, log, clock } = options;
  const oidc = providerHandler(provider);
  return front({
    host: hosts.mtlsAuth,
    linkHost: hosts.auth,
    failed: failure(log),
    gate: (request) => {
      const found = partnerOf(request, partners, clock());
      return "refusal" in found ? found.refusal : undefined;
    },
    route: (method, path) => {
      if (CLIENT_ONLY.has(path)) return method === "POST" ? oidc : undefined;
      if (PUBLIC.has(path)) return method === "GET" ? oidc : undefined;
      if (mailbox !== undefined && method === "GET" && path.startsWith(MAILBOX)) {
        return mailboxHandler(mailbox, path.slice(MAILBOX.length));
      }
      return undefined;
    },
  });
}

function providerHandler(provider: Provider): Handler {
  const callback = provider.callback();
  return (request, response) => callback(request, response);
}

function mailboxHandler(mailbox: Mailbox, name: string): Handler {
  return async (_request, response) => {
    const message = /^[A-Za-z0-9_.-]{1,128}$/.test(name) ? await mailbox.newest(name) : undefined;
    if (message === undefined) {
      refuse(response, {
        status: 404,
        error: "not_found",
        description: "there is no message for this customer",
      });
      return;
    }
    response.writeHead(200, {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
    });
    response.end(JSON.stringify(message));
  };
}

function failure(log: Log): (error: unknown, request: IncomingMessage) => void {
  return (error, request) => log.error({ err: error, method: request.method }, "request failed");
}
