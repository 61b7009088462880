import { expect, test } from "vitest";
import { OBUK_CODES, type ObukReason } from "./obuk-error.ts";
import { codeOfStatus, refusalOf, statusOf, translated } from "./berlin-group.ts";

const REASONS = Object.keys(OBUK_CODES) as readonly ObukReason[];

test.each([
  [400, "NotFound", 404, "RESOURCE_UNKNOWN"],
  [400, "FieldMissing", 400, "FORMAT_ERROR"],
  [400, "InvalidConsentStatus", 409, "STATUS_INVALID"],
  [403, "ConsentMismatch", 401, "CONSENT_INVALID"],
  [403, "Other", 403, "SERVICE_BLOCKED"],
  [409, "Other", 409, "STATUS_INVALID"],
  [429, "Other", 429, "ACCESS_EXCEEDED"],
] as const)("what is %i for %s in one dialect is %i %s in the other", (status, reason, theirs, code) => {
  expect(translated(status, [{ reason, message: "Because.", path: "x" }])).toEqual({
    status: theirs,
    body: { tppMessages: [{ category: "ERROR", code, path: "x", text: "Because." }] },
  });
});

test("a request that is not the one it repeats is told so by the name its header has here", () => {
  const message = "x-idempotency-key was used for another request; take a new one.";
  expect(translated(400, [{ reason: "HeaderInvalid", message, path: "x-idempotency-key" }]).body).toEqual({
    tppMessages: [
      {
        category: "ERROR",
        code: "FORMAT_ERROR",
        path: "X-Request-ID",
        text: "X-Request-ID was used for another request; take a new one.",
      },
    ],
  });
});

test.each([413, 415, 500, 503])("the definitions have no body for %i", (status) => {
  expect(translated(status, [{ reason: "Other", message: "Because." }])).toEqual({ status, body: undefined });
});

test("whatever the reason, the code is one that its status has", () => {
  for (const reason of REASONS) {
    for (const status of [400, 403, 409, 429]) {
      const refusal = translated(status, [{ reason, message: "Because." }]);
      const { tppMessages } = refusal.body as { tppMessages: { code: Parameters<typeof statusOf>[0] }[] };
      expect(tppMessages.map(({ code }) => statusOf(code))).toEqual([refusal.status]);
    }
  }
  expect(statusOf(codeOfStatus(418))).toBe(400);
});

test("a text is cut where the standard ends it, and left out where nothing may be told", () => {
  expect(refusalOf([{ code: "FORMAT_ERROR", text: "x".repeat(900) }])).toMatchObject({
    body: { tppMessages: [{ text: "x".repeat(500) }] },
  });
  expect(refusalOf([{ code: "TOKEN_UNKNOWN" }]).body).toEqual({
    tppMessages: [{ category: "ERROR", code: "TOKEN_UNKNOWN" }],
  });
});
