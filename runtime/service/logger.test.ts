import { Writable } from "node:stream";
import pg from "pg";
import { expect, test } from "vitest";
import { createLog } from "./logger.ts";

/** The line that an error leaves. */
function lineOf(error: unknown): string {
  const lines: string[] = [];
  const destination = new Writable({
    write: (line: Buffer, _, done) => {
      lines.push(line.toString());
      done();
    },
  });
  createLog("consent", { destination }).error({ err: error }, "request failed");
  return lines.join("");
}
/** As Postgres says it of a value that is none of its type. */
const unreadable = (): Error =>
  Object.assign(new Error('invalid input syntax for type uuid: "Amina $& W."'), {
    code: "22P02",
    file: "uuid.c",
    where: "unnamed portal parameter $1 = 'Amina $& W.'",
  });

test.each([
  ["by itself", unreadable()],
  ["as a cause", new Error("Payment dp-1 was not carried out.", { cause: unreadable() })],
  ["in the words of another", new Error(`failed: ${unreadable().message}`, { cause: unreadable() })],
  ["among others", new AggregateError([new Error("one"), unreadable()], "two failed")],
])("SEC-43: a value that the database could not take, %s, is not in the log", (_how, error) => {
  const line = lineOf(error);
  expect(line).not.toContain("Amina");
  expect(line).toContain("[redacted]");
});

test("what is no value of anybody's stays in the log: message, code, where it happened, and why", () => {
  const cause = Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
  const line = lineOf(Object.assign(new Error("no answer", { cause }), { code: "57P01" }));
  expect(line).toContain("no answer: connection refused");
  expect(line).toContain('"code":"57P01"');
  expect(line).toContain("logger.test.ts");
  expect(lineOf(unreadable())).toContain('"file":"uuid.c"');
});

test("an error that is its own cause is written down", () => {
  const error = unreadable();
  error.cause = error;
  expect(lineOf(error)).not.toContain("Amina");
});

test("SEC-43: a row that the database refused is not in the log, and why it was refused is", () => {
  const row = { detail: "Failing row contains (7, Amina).", where: "unnamed portal: Amina" };
  const line = lineOf(Object.assign(new Error("violates check constraint"), { code: "23514", ...row }));
  expect(line).not.toContain("Amina");
  expect(line).toContain('"code":"23514"');
});

test("SEC-43: of a connection that was lost only the error is in the log, not what the connection knew", () => {
  const client = new pg.Client({ host: "postgres", user: "consent", ssl: { key: "a private key" } });
  const lost = Object.assign(new Error("terminating connection"), { code: "57P01", client });
  for (const error of [lost, new AggregateError([lost], "failed")]) {
    const line = lineOf(error);
    expect(line).toContain("terminating connection");
    expect(line).not.toContain("private key");
    expect(line).not.toContain("connectionParameters");
  }
});

test.each([
  ["text"],
  [null],
  [7],
  [undefined],
  [new AggregateError(["text", undefined, unreadable()], "failed")],
])("what was thrown and is no error, %s, is written down and throws nothing more", (thrown) => {
  expect(lineOf(thrown)).toContain("request failed");
});
