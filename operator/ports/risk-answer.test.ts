import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contract } from "../../runtime/service/testing/contract.ts";
import { scoresIn } from "./risk-answer.ts";

const ACME = "ptn-0123456789abcdef";
const faults = contract("wekeza-risk.v1.yaml");

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const one = (change: object = {}) => ({ clientId: ACME, score: 40, reason: "new devices", ...change });

function reads(body: unknown): boolean {
  try {
    scoresIn(bytes(body));
    return true;
  } catch {
    return false;
  }
}

test("an answer names everybody once, with score and reason", () => {
  expect(scoresIn(bytes({ scores: [one({ since: "noon" })], page: 1 }))).toEqual(
    new Map([[ACME, { score: 40, reason: "new devices" }]]),
  );
});

describe("an answer outside the contract is refused as a whole, and the refusal says why", () => {
  test.each([
    { body: [], why: "it must be object" },
    { body: {}, why: "it must have required properties scores" },
    { body: { scores: [one(), one({ score: 101 })] }, why: "/scores/1/score must be <= 100" },
    { body: { scores: [one({ score: "40" })] }, why: "/scores/0/score must be number" },
    { body: { scores: [one({ clientId: "acme" })] }, why: "/scores/0/clientId must match" },
    { body: { scores: [one({ reason: "x".repeat(257) })] }, why: "/scores/0/reason must not have more" },
    { body: { scores: [one(), one({ score: 0 })] }, why: `${ACME} stands in it twice` },
    { body: { scores: [one({ reason: "\ud800" })] }, why: `the reason of ${ACME} is not well-formed` },
  ])("$why", ({ body, why }) => {
    expect(() => scoresIn(bytes(body))).toThrow(`outside docs/contracts/wekeza-risk.v1.yaml: ${why}`);
  });

  test.each([
    { what: "no JSON", body: Buffer.from("<html>") },
    { what: "nothing", body: Buffer.of() },
    {
      what: "text in another encoding",
      body: Buffer.from(JSON.stringify({ scores: [one({ reason: "\u00e9" })] }), "latin1"),
    },
  ])("$what", ({ body }) => {
    expect(() => scoresIn(body)).toThrow("Its answer is not JSON in UTF-8.");
  });
});

test("the operator reads exactly what the contract file allows", () => {
  const clientId = fc.oneof(fc.constant(ACME), fc.string({ maxLength: 20 }));
  const score = fc.oneof(fc.double({ min: -1, max: 101, noNaN: true }), fc.jsonValue({ maxDepth: 1 }));
  const reason = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 10 }),
    // Of two UTF-16 units each: lengths count characters.
    fc.integer({ min: 250, max: 260 }).map((length) => "\u{1F600}".repeat(length)),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const entry = fc.record({ clientId, score, reason }, { requiredKeys: ["clientId"] });
  const body = fc.oneof(
    fc.record({ scores: fc.array(entry, { maxLength: 1 }) }),
    fc.record({ scores: fc.jsonValue({ maxDepth: 2 }) }),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const seen = { kept: 0, broken: 0 };
  fc.assert(
    fc.property(body, (response) => {
      const exchange = { method: "GET", path: "/v1/scores", request: undefined, status: 200, response };
      const allowed = faults(exchange).length === 0;
      seen[allowed ? "kept" : "broken"] += 1;
      expect(reads(response)).toBe(allowed);
    }),
    { numRuns: 500, seed: 20_261_123 },
  );
  expect(Math.min(seen.kept, seen.broken)).toBeGreaterThan(20);
});
