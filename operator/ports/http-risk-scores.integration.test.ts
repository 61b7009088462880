import { createServer, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { silent } from "../../kube/logger.ts";
import { until } from "../../local/wait.ts";
import { HttpRiskScores } from "./http-risk-scores.ts";

const ACME = "ptn-0123456789abcdef";
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function service(answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/scores`;
}

function scoresAt(url: string, staleMs = 60_000, logger = silent): HttpRiskScores {
  const scores = new HttpRiskScores({ url, logger, everyMs: 20, staleMs });
  scores.start();
  ends.unshift(() => scores.stop());
  return scores;
}

const becomes = (what: string, holds: () => boolean) =>
  until(() => Promise.resolve(holds() || undefined), { timeout: 10_000, every: 5, what });

const json =
  (scores: readonly object[]): RequestListener =>
  (_request, response) =>
    void response.end(JSON.stringify({ scores }));

test("scores are read for everybody at once, and changes are told", async () => {
  let now = 40;
  const url = await service((request, response) =>
    json([{ clientId: ACME, score: now, reason: "new devices" }])(request, response),
  );
  const scores = scoresAt(url);
  const told: string[] = [];
  scores.onChange((clientId) => told.push(clientId));
  expect(scores.of(ACME)).toBeUndefined();
  await becomes("a first score", () => scores.of(ACME)?.score === 40);
  expect(scores.of("ptn-0000000000000000")).toEqual({ score: 0, reason: "" });
  now = 95;
  await becomes("the next score", () => scores.of(ACME)?.score === 95);
  expect(told).toEqual([ACME, ACME]);
});

const endless: RequestListener = (_request, response) => {
  const more = (): boolean => response.write("x".repeat(65_536));
  response.on("drain", more).writeHead(200);
  while (more());
};

test.each([
  {
    why: "errs",
    answer: ((_request, response) => void response.writeHead(500).end()) as RequestListener,
  },
  {
    why: "cannot say",
    answer: ((_request, response) => void response.writeHead(503).end()) as RequestListener,
  },
  {
    why: "answers outside the contract",
    answer: json([
      { clientId: ACME, score: 90, reason: "" },
      { clientId: "ptn-0000000000000001", score: 1e9, reason: "" },
    ]),
  },
  { why: "answers without end", answer: endless },
])(
  "a service that $why is complained of and changes nothing; after a while nobody knows",
  async ({ answer }) => {
    let good = true;
    const url = await service((request, response) =>
      (good ? json([{ clientId: ACME, score: 40, reason: "" }]) : answer)(request, response),
    );
    let complaints = 0;
    const warn = (): void => void (complaints += 1);
    const scores = scoresAt(url, 500, { ...silent, warn });
    const told: (number | undefined)[] = [];
    scores.onChange((clientId) => told.push(scores.of(clientId)?.score));
    await becomes("a first score", () => scores.of(ACME)?.score === 40);
    good = false;
    await becomes("a complaint", () => complaints > 0);
    await becomes("the score to be too old", () => scores.of(ACME) === undefined);
    expect(told).toEqual([40]);
    good = true;
    await becomes("a score again", () => scores.of(ACME)?.score === 40);
  },
);

test("SEC-03 a redirect is not followed", async () => {
  let inside = 0;
  const target = await service((request, response) => {
    inside += 1;
    json([])(request, response);
  });
  let asked = 0;
  const scores = scoresAt(
    await service((_request, response) => {
      asked += 1;
      response.writeHead(302, { location: target }).end();
    }),
  );
  await becomes("three questions", () => asked >= 3);
  expect(inside).toBe(0);
  expect(scores.of(ACME)).toBeUndefined();
});
