import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { dedicatedClient } from "../../crds/dedicated.ts";
import { commonNameOf } from "./identity.ts";

/** The service at the other end of a connection, or undefined for a stranger. */
export type PeerOf = (socket: Socket) => string | undefined;

/** Parsed once per connection: a certificate does not change while it lasts. */
const names = new WeakMap<Socket, { readonly name: string | undefined; readonly ends: number }>();

/** The only service that partners have for themselves. */
const GATEWAY = "gateway.";

/**
 * Reads the peer's name from its verified certificate: `gateway` for `CN=gateway.stack-ke` in the namespace `stack-ke`,
 * and for a partner's own gateway beside it, {@link partnerOf} that.
 *
 * A certificate that expired after the handshake, or one of another namespace, makes a stranger.
 */
export function peerByCertificate(namespace: string, now: () => number = Date.now): PeerOf {
  const suffix = `.${namespace}`;
  return (socket) => {
    const { name, ends } = namesOf(socket);
    if (name === undefined || now() >= ends) return undefined;
    if (name.endsWith(suffix)) return name.slice(0, -suffix.length);
    return clientIn(name, namespace) === undefined ? undefined : "gateway";
  };
}

/** The only partner that the gateway at the other end may speak for; undefined for one of the group's, which may for all. */
export function partnerOf(socket: Socket, namespace: string): string | undefined {
  const { name } = namesOf(socket);
  return name === undefined ? undefined : clientIn(name, namespace);
}

function clientIn(name: string, namespace: string): string | undefined {
  return name.startsWith(GATEWAY) ? dedicatedClient(namespace, name.slice(GATEWAY.length)) : undefined;
}

function namesOf(socket: Socket): { readonly name: string | undefined; readonly ends: number } {
  const known = names.get(socket);
  if (known !== undefined) return known;
  const read = certificateOf(socket);
  const found = {
    name: read && commonNameOf(read),
    ends: read?.validToDate.getTime() ?? 0,
  };
  names.set(socket, found);
  return found;
}

function certificateOf(socket: Socket): X509Certificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { raw } = socket.getPeerCertificate();
  return raw === undefined ? undefined : new X509Certificate(raw);
}
