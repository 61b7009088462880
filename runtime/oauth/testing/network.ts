import { Agent, buildConnector, fetch, type RequestInit, type Response } from "undici";

/** Where each host name of a test leads, on loopback. */
export type Ports = Readonly<Record<string, number>>;

/** What a client of a test shows and believes. */
export interface TestTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A client that reaches the hosts of a test by their names, without DNS: TLS still sees and checks the names. */
export interface TestClient {
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  close(): Promise<void>;
}

export function testClient(ports: Ports, tls: TestTls): TestClient {
  const connector = buildConnector({ ...tls, minVersion: "TLSv1.3" });
  const agent = new Agent({
    connect: (options, callback) => {
      const { hostname } = options;
      const port = ports[hostname];
      if (port === undefined) throw new Error(`${hostname} is no host of this test.`);
      connector(
        { ...options, hostname: "127.0.0.1", host: "127.0.0.1", port: String(port), servername: hostname },
        callback,
      );
    },
  });
  return {
    fetch: (url, init) => fetch(url, { ...init, redirect: "manual", dispatcher: agent }),
    close: () => agent.close(),
  };
}
