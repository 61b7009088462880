import type { Server } from "node:http";
import { createServer } from "node:http";

/** What a process says about itself over HTTP. */
export interface HealthOptions {
  readonly port: number;
  /** Address to listen on. Default all. */
  readonly host?: string | undefined;
  /** Why it cannot serve now, for people; empty when it can. Losing an API server belongs here, never in liveness. */
  readonly problems: () => readonly string[];
  /** The text of `/metrics`. */
  readonly metrics?: (() => Promise<string>) | undefined;
}

/** Serves `/healthz` (alive while it answers), `/readyz` (503 with the reasons) and `/metrics`. */
export async function serveHealth({ port, host, problems, metrics }: HealthOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string): void => {
      response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
    };
    // Not by URL, which throws at what anybody may send ("//"), and here that ends the process.
    const [path = "/"] = (request.url ?? "/").split("?", 1);
    switch (path) {
      case "/healthz":
        return answer(200, "ok");
      case "/readyz": {
        const found = problems();
        return found.length === 0 ? answer(200, "ok") : answer(503, found.join("\n"));
      }
      case "/metrics":
        void (metrics?.() ?? Promise.resolve("")).then(
          (text) => answer(200, text.trimEnd()),
          () => answer(500, "metrics failed"),
        );
        return undefined;
      default:
        return answer(404, "not found");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return server;
}
