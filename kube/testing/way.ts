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

/** Connections that are kept open; new ones resume the session of an earlier one. */
export async function wayTo(credentials: Credentials): Promise<Way> {
  const { ca, cert, key } = await credentials.tls();
  // One for all connections: to read the certificates anew costs as much as the handshake.
  const connect = { secureContext: createSecureContext({ ca, cert, key }) };
  const options: Pool.Options = { connect, allowH2: false, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 };
  const [requests, watches] = [new Pool(credentials.server, options), new Pool(credentials.server, options)];
  return {
    requests,
    watches,
    headers: () => credentials.headers(),
    async close() {
      await Promise.all([requests.destroy(), watches.destroy()]);
    },
  };
}
