import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { afterIsolation } from "./after-isolation.ts";
import { type Isolation, watchIsolation } from "./isolation.ts";
import { createLog } from "./logger.ts";

const log = createLog("test", { level: "silent" });
const served: string[] = [];
const asked: string[] = [];
const left: string[] = [];
let now = 0;
let isolation: Isolation;
const server = createServer((request, response) => {
  const { url: path = "" } = request;
  asked.push(path);
  response.on("close", () => {
    if (!response.writableFinished) left.push(path);
  });
  checked(request, response);
});
const checked = afterIsolation(
  {
    hear: (word) => isolation.hear(word),
    called: () => isolation.called(),
    waiting: () => isolation.waiting(),
  },
  (request, response) => {
    served.push(request.url ?? "");
    response.end("served");
  },
);

const word = (): void => isolation.hear({ holder: "one", saidAt: now, rosterVersion: 1 });
const url = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  isolation = watchIsolation({ clock: () => now, rosterVersion: () => 1, log });
  word();
});
afterAll(() => server.close());

test("a call after an isolation is served when the hub has spoken, not before", async () => {
  now += 60_000;
  const call = fetch(url("/waits"));
  await until(() => asked.includes("/waits"));
  expect(served).not.toContain("/waits");
  word();
  expect(await (await call).text()).toBe("served");
});

test("a caller that left meanwhile is not served behind its back", async () => {
  now += 60_000;
  const caller = new AbortController();
  const gone = fetch(url("/gone"), { signal: caller.signal });
  await until(() => asked.includes("/gone"));
  const stays = fetch(url("/stays"));
  await until(() => asked.includes("/stays"));
  caller.abort();
  await expect(gone).rejects.toThrow("aborted");
  await until(() => left.includes("/gone"));
  word();
  expect(await (await stays).text()).toBe("served");
  expect(served).not.toContain("/gone");
});
