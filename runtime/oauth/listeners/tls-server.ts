import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { WatchedFiles } from "../../service/watched-files.ts";

/** What a host proves itself with, and whose clients it lets in. Both are followed while it runs. */
export interface TlsServerOptions {
  readonly hostTls: WatchedFiles<"key" | "cert">;
  /** Roots of client certificates; absent: no client certificate is asked for. */
  readonly clientCa?: WatchedFiles<"ca">;
  readonly handler: RequestListener;
}

/** An HTTPS server that speaks TLS 1.3 only (FAPI 2.0 Security Profile 5.2.1). Not listening yet. */
export function tlsServer({ hostTls, clientCa, handler }: TlsServerOptions): Server {
  const context = () => ({ ...hostTls.current(), ...clientCa?.current(), minVersion: "TLSv1.3" as const });
  const server = createServer(
    {
      ...context(),
      ...(clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
      headersTimeout: 10_000,
      requestTimeout: 20_000,
      keepAliveTimeout: 75_000,
      handshakeTimeout: 10_000,
    },
    handler,
  );
  const renew = (): void => server.setSecureContext(context());
  const unsubscribes = [hostTls.onChange(renew), clientCa?.onChange(renew)];
  server.on("close", () => {
    for (const unsubscribe of unsubscribes) unsubscribe?.();
  });
  return server;
}
