import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { SecureContextOptions } from "node:tls";
import { checkAuthorities } from "../service/authorities.ts";
import { checkPair } from "../service/identity.ts";
import type { Log } from "../service/logger.ts";
import { watchFiles } from "../service/watched-files.ts";
import { isServed } from "./headers.ts";

/** Where the listener's certificates are. */
export interface ListenerFiles {
  /** Certificate chain and key of the host. */
  readonly cert: string;
  readonly key: string;
  /** Roots and intermediates of partners' certificates. */
  readonly partnerCa: string;
}

/** The partners' listener. */
export interface Listener {
  readonly server: Server;
  /** Roots and intermediates of partners' certificates that it believes now, PEM. */
  authorities(): string;
  stop(): void;
}

/** Longest a partner may pause between two requests, in ms: a handshake costs as much as 25 to 45 requests. */
const KEEP_ALIVE_MS = 75_000;
/** Longest a request may take to arrive, in ms. */
const REQUEST_MS = 30_000;

/**
 * An HTTPS server for one host, and the hosts that partners have beneath it, that asks every client for a certificate of
 * the partner CA: TLS 1.3 only, HTTP/1.1.
 *
 * Changed files are used for new connections at once. Tickets of before the change are void, as the context is new.
 *
 * @throws when the files cannot be read or do not fit together.
 */
export function createListener(
  host: string,
  files: ListenerFiles,
  handler: RequestListener,
  { log, everyMs }: { readonly log: Log; readonly everyMs?: number },
): Listener {
  const watched = watchFiles(files, {
    log,
    check: (contents) => {
      checkPair(contents);
      checkAuthorities(contents.partnerCa);
    },
    ...(everyMs === undefined ? {} : { everyMs }),
  });
  const context = (): SecureContextOptions => {
    const { cert, key, partnerCa } = watched.current();
    return { cert, key, ca: partnerCa, minVersion: "TLSv1.3" };
  };
  const server = createServer(
    {
      ...context(),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ["http/1.1"],
      handshakeTimeout: 10_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: REQUEST_MS / 2,
      requestTimeout: REQUEST_MS,
      maxHeaderSize: 16_384,
      // Another host's name ends the handshake, but not a partner's own: whether that is the caller's is looked at with each
      // request. Without a context of its own the server's present one is used.
      SNICallback: (name, done) => {
        if (isServed(name, host)) done(null);
        else done(new Error(`The host ${name.slice(0, 64)} is not served here.`));
      },
    },
    handler,
  );
  server.on("tlsClientError", (error, socket) => {
    log.debug({ err: error }, "handshake failed");
    socket.destroy();
  });
  watched.onChange(() => server.setSecureContext(context()));
  return { server, authorities: () => watched.current().partnerCa, stop: () => watched.stop() };
}
