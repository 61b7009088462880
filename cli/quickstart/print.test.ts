import { expect, test } from "vitest";
import { accountTable } from "./account-table.ts";
import { failureText, StepFailed } from "./failure.ts";
import { createJournal } from "./journal.ts";

test("each step is a line with its time and what came of it", async () => {
  const lines: string[] = [];
  const times = [0, 1234, 2000, 2010];
  const journal = createJournal(
    () => times.shift() ?? 0,
    (line) => lines.push(line),
  );
  await journal.step(
    "consent",
    async () => "id-1",
    (id) => id,
  );
  await journal.step("deleted", async () => undefined);
  expect(lines).toEqual(["ok   1.23 s  consent: id-1", "ok   0.01 s  deleted"]);
});

test("a step that fails is marked, and its error goes on", async () => {
  const lines: string[] = [];
  const journal = createJournal(
    () => 0,
    (line) => lines.push(line),
  );
  await expect(journal.step("token", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(lines).toEqual(["--   0.00 s  token"]);
});

test("a failure says what was asked, what came back, why, and the next step", () => {
  const error = new StepFailed("reading accounts failed", {
    answer: {
      method: "GET",
      url: "https://api.test/accounts",
      status: 403,
      interactionId: "i-1",
      body: '{"Id":"1"}',
    },
    cause: new Error("the consent ended"),
    next: "ask again",
  });
  expect(failureText(error)).toBe(
    [
      "failed: reading accounts failed",
      "  asked:  GET https://api.test/accounts",
      '  answer: 403 {"Id":"1"}',
      "  interaction id: i-1",
      "  because: the consent ended",
      "  next: ask again",
    ].join("\n"),
  );
});

test("an error nobody foresaw leads to the state of the platform", () => {
  expect(failureText(new Error("socket hang up"))).toBe(
    "failed: socket hang up\n  next: see whether the platform is up with `make status`",
  );
});

test("accounts stand in a table with the newest movement", () => {
  const amount = (value: string) => ({ Amount: value, Currency: "KES" });
  const movement = (day: string, value: string, information: string) => ({
    AccountId: "1",
    CreditDebitIndicator: "Debit" as const,
    BookingDateTime: `${day}T08:00:00Z`,
    Amount: amount(value),
    TransactionInformation: information,
  });
  const text = accountTable([
    {
      account: { AccountId: "1", Currency: "KES", Nickname: "Everyday" },
      balances: [{ AccountId: "1", CreditDebitIndicator: "Credit", Type: "CLBD", Amount: amount("1200.50") }],
      transactions: [movement("2026-11-01", "5.00", "Tea"), movement("2026-11-20", "70.00", "Bus")],
    },
  ]);
  expect(text).toBe(
    [
      "ACCOUNT   NAME       BALANCE   CURRENCY   TRANSACTIONS   NEWEST",
      "1         Everyday   1200.50   KES                   2   2026-11-20 -70.00 Bus",
    ].join("\n"),
  );
});
