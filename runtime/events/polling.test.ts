import { describe, expect, test } from "vitest";
import { MOST_EVENTS, readPoll, receiptsOf, wishOf } from "./polling.ts";

const [ONE, OTHER] = ["1f0b7c3e-5a54-8c1e-9d2f-1e6a3c5b7d90", "2f0b7c3e-5a54-8c1e-9d2f-1e6a3c5b7d90"];
const error = { err: "jwtAud", description: "not for us" };

test.each([
  { request: {}, want: { limit: MOST_EVENTS, waits: true } },
  { request: { maxEvents: 5 }, want: { limit: 5, waits: true } },
  { request: { maxEvents: 5_000 }, want: { limit: MOST_EVENTS, waits: true } },
  { request: { maxEvents: 0 }, want: { limit: 0, waits: false } },
  { request: { returnImmediately: true }, want: { limit: MOST_EVENTS, waits: false } },
])("a poll of $request asks for $want", ({ request, want }) => {
  expect(wishOf(request)).toEqual(want);
});

describe("receipts", () => {
  test("name what was received and what was in error", () => {
    expect(receiptsOf({ ack: [ONE], setErrs: { [OTHER]: error } })).toEqual({
      acknowledged: [ONE],
      errors: [{ jti: OTHER, ...error }],
    });
  });

  test("that say both of one notification say that it was received", () => {
    expect(receiptsOf({ ack: [ONE], setErrs: { [ONE]: error } }).errors).toEqual([]);
  });

  test("for what can be no id of ours are passed over", () => {
    expect(receiptsOf({ ack: ["x"], setErrs: { "'; drop": error } })).toEqual({
      acknowledged: [],
      errors: [],
    });
  });
});

test.each([
  { body: { more: 1 }, fault: { reason: "FieldUnexpected", path: "more" } },
  { body: { maxEvents: -1 }, fault: { reason: "FieldInvalid", path: "maxEvents" } },
  { body: { maxEvents: 1.5 }, fault: { reason: "FieldInvalid", path: "maxEvents" } },
  { body: { ack: [""] }, fault: { reason: "FieldInvalid", path: "ack.0" } },
  {
    body: { setErrs: { a: { err: "x" } } },
    fault: { reason: "FieldMissing", path: "setErrs.a.description" },
  },
  { body: [], fault: { reason: "FieldInvalid" } },
  { body: { setErrs: { a: { err: "x", description: "\0" } } }, fault: { reason: "InvalidFormat" } },
])("the body $body is refused as $fault.reason", ({ body, fault }) => {
  expect(readPoll(body)).toMatchObject({ faults: [fault] });
});
