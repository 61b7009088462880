import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { commonNameOf } from "./identity.ts";

/** The service at the other end of a connection, or undefined for a stranger. */
export type PeerOf = (socket: Socket) => string | undefined;

/** Parsed once per connection: a certificate does not change while it lasts. */
const names = new WeakMap<Socket, { readonly name: string | undefined; readonly ends: number }>();

/**
 * Reads the peer's name from its verified certificate: `gateway` for `CN=gateway.stack-ke` in the namespace `stack-ke`.
 *
 * A certificate that expired after the handshake, or one of another namespace, makes a stranger.
 */
export function peerByCertificate(namespace: string, now: () => number = Date.now): PeerOf {
  return (socket) => {
    let known = names.get(socket);
    if (known === undefined) {
      known = { name: undefined, ends: 0 };
      if (socket instanceof TLSSocket && socket.authorized) {
        const { raw } = socket.getPeerCertificate();
        const certificate = raw === undefined ? undefined : new X509Certificate(raw);
        if (certificate !== undefined) {
          known = { name: commonNameOf(certificate), ends: certificate.validToDate.getTime() };
        }
      }
      names.set(socket, known);
    }
    const suffix = `.${namespace}`;
    if (known.name === undefined || !known.name.endsWith(suffix) || now() >= known.ends) return undefined;
    return known.name.slice(0, -suffix.length);
  };
}
