import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Shard } from "../../../crds/shard.ts";
import type { Partners } from "../partners.ts";
import { thumbprintOf } from "../thumbprint.ts";
import type { OauthRefusal } from "./front.ts";

interface Known {
  readonly thumbprint: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

/** Read once per connection: a certificate does not change while it lasts, only what we think of it. */
const certificates = new WeakMap<Socket, Known>();

/**
 * The partner at the other end of a connection, or why there is none.
 *
 * Asked at each request, on resumed sessions too: TLS verified the chain once, at some handshake, and knows nothing of
 * what the roster says now.
 */
export function partnerOf(
  request: IncomingMessage,
  partners: Partners,
  now: number,
): { readonly partner: Shard } | { readonly refusal: OauthRefusal } {
  const { socket } = request;
  let known = certificates.get(socket);
  if (known === undefined) {
    const certificate =
      socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (certificate === undefined) return refused("no verified client certificate");
    known = {
      thumbprint: thumbprintOf(certificate),
      from: certificate.validFromDate.getTime(),
      until: certificate.validToDate.getTime(),
    };
    certificates.set(socket, known);
  }
  if (now >= known.until)
    return refused(`the client certificate expired at ${new Date(known.until).toISOString()}`);
  if (now < known.from) return refused("the client certificate is not valid yet");
  const partner = partners.byThumbprint(known.thumbprint);
  return partner === undefined ? refused("the client certificate is of no partner served here") : { partner };
}

function refused(description: string): { readonly refusal: OauthRefusal } {
  return { refusal: { status: 401, error: "invalid_client", description } };
}
