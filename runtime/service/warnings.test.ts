import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { createLog } from "./logger.ts";
import { logWarnings } from "./warnings.ts";

test("a warning is a line of the log, and nothing else writes it; what is harmless is left out", () => {
  const lines: string[] = [];
  const printed: Error[] = [];
  const process = new EventEmitter();
  process.on("warning", (warning: Error) => printed.push(warning));
  logWarnings(process, createLog("test", { destination: { write: (line) => void lines.push(line) } }));
  process.emit(
    "warning",
    Object.assign(new Error("-5 is a negative number."), { name: "TimeoutNegativeWarning" }),
  );
  process.emit("warning", Object.assign(new Error("old"), { name: "DeprecationWarning" }));
  expect(printed).toEqual([]);
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: "warn", msg: "warning of Node", err: { type: "Error", message: "old" } },
  ]);
});
