import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createLog } from "./logger.ts";

test("SEC-43: a row that the database refused is not in the log, and why it was refused is", () => {
  const lines: string[] = [];
  const destination = new Writable({
    write: (line: Buffer, _, done) => {
      lines.push(line.toString());
      done();
    },
  });
  const row = { detail: "Failing row contains (7, Amina).", where: "unnamed portal: Amina" };
  const refused = Object.assign(new Error("violates check constraint"), { code: "23514", ...row });
  createLog("consent", { destination }).error({ err: refused }, "request failed");
  expect(lines.join("")).not.toContain("Amina");
  expect(lines.join("")).toContain('"code":"23514"');
});
