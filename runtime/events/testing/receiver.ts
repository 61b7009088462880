import { once } from "node:events";
import { isIP } from "node:net";
import { createServer, type Server } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { freePorts } from "../../../local/testing/free-ports.ts";
import type { TestAuthority, TestCertificate } from "../../service/testing/authority.ts";

/** A token that a partner's webhook was sent. */
export interface Received {
  readonly token: string;
  readonly headers: IncomingHttpHeaders;
  readonly path: string | undefined;
  /** Claims, unverified. */
  readonly claims: { readonly jti: string; readonly sub: string; readonly events: object };
}

/** How a webhook answers: a status, with headers when there are more to say. */
export type Manner = (received: Received) => number | { readonly status: number; readonly location: string };

/** A partner's webhook: a real HTTPS server that can go away and come back. */
export interface Receiver {
  readonly url: string;
  /** Everything it was sent, whatever it answered. */
  readonly received: readonly Received[];
  /** How it answers from now on. */
  behave(manner: Manner): void;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** @param address where it listens, when that is not loopback. */
export async function startReceiver(authority: TestAuthority, address = "localhost"): Promise<Receiver> {
  const names = isIP(address) === 0 ? { dns: [address] } : { ips: [address] };
  const certificate: TestCertificate = await authority.issue({ commonName: "receiver", ...names });
  const [port = 0] = await freePorts(1);
  const received: Received[] = [];
  let manner: Manner = () => 202;
  let server: Server | undefined;
  const stop = async (): Promise<void> => {
    if (server === undefined) return;
    const closed = once(server, "close");
    server.closeAllConnections();
    server.close();
    await closed;
    server = undefined;
  };
  const start = async (): Promise<void> => {
    server = createServer(certificate, (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => void chunks.push(chunk));
      request.on("end", () => {
        const token = Buffer.concat(chunks).toString("utf8");
        const [, payload = ""] = token.split(".");
        const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Received["claims"];
        const message = { token, headers: request.headers, path: request.url, claims };
        received.push(message);
        const answer = manner(message);
        if (typeof answer === "number") response.writeHead(answer).end();
        else response.writeHead(answer.status, { location: answer.location }).end();
      });
    });
    server.listen(port, address);
    await once(server, "listening");
  };
  await start();
  return {
    url: `https://${address}:${port}/event-notifications`,
    received,
    behave: (next) => (manner = next),
    stop,
    start,
  };
}
