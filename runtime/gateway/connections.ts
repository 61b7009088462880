import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { createHash } from "node:crypto";
import { LONGEST_CONNECTION_MS } from "../../crds/dedicated.ts";
import type { PartnerDirectory } from "../service/shards.ts";

/** What is known of a partner's connection from its handshake on; worked out once, not once per request. */
export interface Connection {
  /** SHA-256 of the client certificate's DER, base64url (RFC 8705 section 3.1). */
  readonly thumbprint: string;
  /** When that certificate ends, in ms since 1970. */
  readonly certificateEnds: number;
  /** When it was opened, in ms of a clock that never goes back. */
  readonly openedAt: number;
  /** Calls under way. */
  calls: number;
  /** Whether the next answer is its last. */
  last: boolean;
}

/** The open connections of a listener. */
export interface Connections {
  of(socket: Socket): Connection | undefined;
  /** Whether an answer now should say that no further call is taken on its connection. */
  isLast(connection: Connection): boolean;
  /** Ends every connection: idle ones at once, busy ones after the answer under way. */
  drain(): void;
  /** Number of open connections. */
  readonly size: number;
}

/**
 * Follows a listener's connections.
 *
 * When a partner is suspended, or a certificate is revoked, its idle connections are closed at once and busy ones after
 * the answer under way; each call is checked besides.
 */
export function trackConnections(
  server: Server,
  directory: PartnerDirectory,
  clock: () => number,
): Connections {
  const bySocket = new WeakMap<Socket, Connection>();
  const open = new Set<TLSSocket>();
  let draining = false;
  const end = (socket: TLSSocket, connection: Connection): void => {
    connection.last = true;
    if (connection.calls === 0) socket.destroy();
  };

  server.on("secureConnection", (socket: TLSSocket) => {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      socket.destroy();
      return;
    }
    bySocket.set(socket, {
      thumbprint: createHash("sha256").update(certificate.raw).digest("base64url"),
      certificateEnds: certificate.validToDate.getTime(),
      openedAt: clock(),
      calls: 0,
      last: false,
    });
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });

  directory.onChange(() => {
    for (const socket of open) {
      const connection = bySocket.get(socket);
      const partner = connection && directory.byThumbprint(connection.thumbprint);
      if (connection === undefined || (partner !== undefined && !partner.suspended)) continue;
      end(socket, connection);
    }
  });

  return {
    of: (socket) => bySocket.get(socket),
    isLast: ({ last, openedAt }) => last || draining || clock() - openedAt >= LONGEST_CONNECTION_MS,
    drain() {
      draining = true;
      for (const socket of open) {
        const connection = bySocket.get(socket);
        if (connection !== undefined) end(socket, connection);
      }
    },
    get size() {
      return open.size;
    },
  };
}
