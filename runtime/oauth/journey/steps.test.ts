import { randomInt } from "node:crypto";
import type { Redis } from "ioredis";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMailbox } from "./mailbox.ts";
import { codeDigest, codeOf, csrfToken, newCode } from "./one-time-code.ts";
import { chosenAccounts } from "./steps.ts";

const own = ["acc-1", "acc-2", "acc-3"].map((accountId) => ({ accountId, currency: "KES" }));

test("a code has six digits, whatever the number", () => {
  expect(newCode(() => 7)).toBe("000007");
  for (let n = 0; n < 100; n += 1) expect(newCode((below) => randomInt(below))).toMatch(/^\d{6}$/);
});

test.each([
  ["123456", "123456"],
  [" 123 456 ", "123456"],
  ["12345", undefined],
  ["1234567", undefined],
  ["12345a", undefined],
  ["١٢٣٤٥٦", undefined],
  [["123456", "123456"], undefined],
  [undefined, undefined],
])("of what is typed, %j is the code %j", (typed, code) => {
  expect(codeOf(typed)).toBe(code);
});

test("a code's digest is of one key, interaction, consent, customer, amount and payee, and code", () => {
  const purpose = { interaction: "i", consent: "c", customer: "u", link: undefined };
  const digests = [
    codeDigest("key", purpose, "000000"),
    codeDigest("other", purpose, "000000"),
    codeDigest("key", { ...purpose, interaction: "j" }, "000000"),
    codeDigest("key", { ...purpose, consent: "d" }, "000000"),
    codeDigest("key", { ...purpose, customer: "v" }, "000000"),
    codeDigest("key", { ...purpose, interaction: "ic", consent: "" }, "000000"),
    codeDigest("key", purpose, "000001"),
    codeDigest("key", { ...purpose, link: "amount and payee" }, "000000"),
    csrfToken("key", "i"),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

test.each([
  { ticked: undefined, want: { problem: expect.stringContaining("at least one") } },
  { ticked: "acc-2", want: { accounts: ["acc-2"] } },
  { ticked: ["acc-3", "acc-1"], want: { accounts: ["acc-1", "acc-3"] } },
  { ticked: ["acc-1", "acc-9"], want: { problem: expect.stringContaining("not yours") } },
  { ticked: "acc-9", want: { problem: expect.stringContaining("at least one") } },
])("of ticked $ticked comes $want", ({ ticked, want }) => {
  expect(chosenAccounts(ticked, own)).toEqual(want);
});

test("of several accounts ticked where one is asked for comes none", () => {
  expect(chosenAccounts(["acc-1", "acc-2"], own, 1)).toEqual({ problem: "Choose one account." });
  expect(chosenAccounts("acc-1", own, 1)).toEqual({ accounts: ["acc-1"] });
});

test("only accounts of the customer are ever chosen", () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.array(fc.constantFrom("acc-1", "acc-3", "acc-9"))), (ticked) => {
      const chosen = chosenAccounts(ticked, own);
      const accounts = "accounts" in chosen ? chosen.accounts : [];
      expect(own.map(({ accountId }) => accountId)).toEqual(expect.arrayContaining([...accounts]));
    }),
  );
});

test("the mailbox refuses to start in production", () => {
  expect(() => createMailbox({} as Redis, "production")).toThrow(/refuses to start in production/);
  expect(() => createMailbox({} as Redis, "sandbox")).not.toThrow();
});
