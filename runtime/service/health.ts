import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

/** One thing a process needs before it may be sent work. */
export interface ReadyCheck {
  readonly name: string;
  /** Undefined when fine, else what is missing, for people. Called at each probe: must be cheap. */
  readonly problem: () => string | undefined;
}

/** What the health port answers. */
export interface HealthOptions {
  /** 9090 in a pod; 0 takes a free one. */
  readonly port: number;
  readonly registry: Registry;
  /** Read at each probe, so that checks may be added while starting. */
  readonly checks: () => readonly ReadyCheck[];
  /** Whether `/healthz` answers 200. Default: always, as long as it answers at all. */
  readonly alive?: () => boolean;
}

/** The running health port. */
export interface Health {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/healthz` (the event loop turns), `/readyz` (every check is fine) and `/metrics`, without TLS. */
export async function startHealth({
  port,
  registry,
  checks,
  alive = () => true,
}: HealthOptions): Promise<Health> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
    };
    switch ((request.url ?? "").split("?", 1)[0] ?? "") {
      case "/healthz":
        answer(alive() ? 200 : 503, alive() ? "ok\n" : "starting\n");
        return;
      case "/readyz": {
        const problems = problemsOf(checks());
        answer(problems.length === 0 ? 200 : 503, problems.length === 0 ? "ok\n" : problems.join(""));
        return;
      }
      case "/metrics":
        registry.metrics().then(
          (text) => answer(200, text, registry.contentType),
          () => answer(500, "metrics cannot be collected\n"),
        );
        return;
      default:
        answer(404, "not found\n");
    }
  });
  await listening(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One line per check that is not fine. */
function problemsOf(checks: readonly ReadyCheck[]): string[] {
  return checks.flatMap(({ name, problem }) => {
    const text = problem();
    return text === undefined ? [] : [`${name}: ${text}\n`];
  });
}

/** Waits until a server listens on all addresses, or says why it cannot. */
export function listening(
  server: Pick<Server, "listen" | "once" | "off">,
  port: number,
  host?: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const ready = (): void => {
      server.off("error", reject);
      resolve();
    };
    if (host === undefined) server.listen(port, ready);
    else server.listen(port, host, ready);
  });
}
