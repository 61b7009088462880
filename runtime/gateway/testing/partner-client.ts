import { Agent, request } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import type { TestCertificate } from "../../service/testing/authority.ts";

/** What a partner was answered. */
export interface PartnerAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: () => unknown;
  /** Whether the connection resumed an earlier TLS session. */
  readonly resumed: boolean;
}

/** A call as a partner makes it. */
export interface PartnerCall {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A partner with a certificate and connections of its own. */
export interface PartnerClient {
  call(call: PartnerCall): Promise<PartnerAnswer>;
  /** Ends its connections; TLS sessions are kept, so that the next connection resumes one. */
  disconnect(): void;
  readonly openConnections: number;
}

/** Makes a partner's client for a gateway on loopback. */
export function partnerClient(
  { port, host, ca }: { readonly port: number; readonly host: string; readonly ca: string },
  certificate: TestCertificate | undefined,
): PartnerClient {
  const sockets = new Set<TLSSocket>();
  let session: Buffer | undefined;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const open = (): TLSSocket => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      servername: host,
      ca,
      ...(certificate === undefined ? {} : { key: certificate.key, cert: certificate.cert }),
      ...(session === undefined ? {} : { session }),
    });
    socket.on("session", (ticket) => {
      session = ticket;
    });
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };
  agent.createConnection = open;
  return {
    call: ({ method = "GET", path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const sent = request({ agent, host, path, method, headers: { host, ...headers } }, (response) => {
          const resumed = (response.socket as TLSSocket).isSessionReused();
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            const { statusCode: status = 0 } = response;
            resolve({ status, headers: response.headers, body: text, json: () => JSON.parse(text), resumed });
          });
        });
        sent.on("error", reject);
        sent.end(body);
      }),
    disconnect() {
      for (const socket of sockets) socket.destroy();
    },
    get openConnections() {
      return sockets.size;
    },
  };
}
