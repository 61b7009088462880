import { expect, test } from "vitest";
import { answerOf, isPassing } from "./answer.ts";

test("a standby that points elsewhere is passed over for now, and says what to name instead", () => {
  const answer = answerOf(307, "");
  expect(isPassing(answer)).toBe(true);
  expect(answer.errors).toContain("name an address that leads to the active node");
});

test("what is no JSON, or no object, has no body and nothing to quote", () => {
  for (const text of ["", "<html>", "null", "3"])
    expect(answerOf(502, text)).toEqual({ status: 502, body: {}, errors: "" });
});
