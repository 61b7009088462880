import { createSecureContext } from "node:tls";
import { type Dispatcher, Pool } from "undici";
import type { Credentials } from "../credentials.ts";

/** The way of proxies to a server. Several may share one, which outlives them. */
export interface Way {
  readonly requests: Dispatcher;
  /** Apart, so that nobody looks for a free connection among those of watches. */
  readonly watches: Dispatcher;
  /** Headers of whoever is asking, for the server. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/**
 * So much may be on its way to one watch, and to all of a connection, in bytes: as good as without bounds, as if each watch had a
 * connection of its own. A server ends watches that it cannot get rid of its events to.
 */
const WINDOWS = { settings: { initialWindowSize: 2 ** 24 }, connectionWindowSize: 2 ** 28 };

/**
 * Connections that are kept open; new ones resume the session of an earlier one.
 *
 * A watch that ends takes an HTTP/1.1 connection with it, so that each would cost a handshake: they share a few of HTTP/2.
 * Requests wait for nobody, each on a connection that has no other.
 */
export async function wayTo(credentials: Credentials): Promise<Way> {
  const { ca, cert, key } = await credentials.tls();
  // One for all connections: to read the certificates anew costs as much as the handshake.
  const connect = { secureContext: createSecureContext({ ca, cert, key }) };
  const options: Pool.Options = { connect, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 };
  const requests = new Pool(credentials.server, { ...options, allowH2: false });
  const watches = new Pool(credentials.server, { ...options, allowH2: true, h2Options: WINDOWS });
  return {
    requests,
    watches,
    headers: () => credentials.headers(),
    async close() {
      await Promise.all([requests.destroy(), watches.destroy()]);
    },
  };
}
