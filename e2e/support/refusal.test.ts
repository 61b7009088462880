import { expect, test } from "vitest";
import { goldenText, refusalOf } from "./refusal.ts";

test("what differs from one refusal to the next is replaced by its kind", () => {
  const headers = new Headers({
    "content-type": "application/json; charset=utf-8",
    "www-authenticate": 'Bearer error="invalid_token"',
  });
  const body = JSON.stringify({
    Id: "7d1f3bd0-6c53-4e36-bd8c-6f2fd3e5a001",
    Errors: [
      { ErrorCode: "U042", Message: "ptn-0123456789abcdef was suspended at 2026-11-22T18:00:00.123Z." },
    ],
  });
  expect(JSON.parse(goldenText(refusalOf({ status: 403, headers, body })))).toEqual({
    status: 403,
    contentType: "application/json; charset=utf-8",
    authenticate: 'Bearer error="invalid_token"',
    body: { Id: "<uuid>", Errors: [{ ErrorCode: "U042", Message: "<client id> was suspended at <time>." }] },
  });
});

test("an empty body stays empty", () => {
  expect(refusalOf({ status: 401, headers: new Headers(), body: "" }).body).toBe("");
});
