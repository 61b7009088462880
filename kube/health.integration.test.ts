import type { AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { serveHealth } from "./health.ts";

test("a process that lost its API server is alive, not ready, and says why", async () => {
  let problems: readonly string[] = ["Partner in home is not watched"];
  const server = await serveHealth({
    port: 0,
    host: "127.0.0.1",
    problems: () => problems,
    metrics: async () => "up 1",
  });
  const { port } = server.address() as AddressInfo;
  const answer = async (path: string): Promise<readonly [number, string]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, (await response.text()).trim()];
  };
  expect(await answer("/healthz")).toEqual([200, "ok"]);
  expect(await answer("/readyz?verbose")).toEqual([503, "Partner in home is not watched"]);
  expect(await answer("/metrics")).toEqual([200, "up 1"]);
  expect(await answer("/other")).toEqual([404, "not found"]);
  expect(await answer("//")).toEqual([404, "not found"]);
  problems = [];
  expect(await answer("/readyz")).toEqual([200, "ok"]);
  server.closeAllConnections();
  server.close();
});
