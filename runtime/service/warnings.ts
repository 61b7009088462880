import type { EventEmitter } from "node:events";
import type { Log } from "./logger.ts";

/** kafkajs sets timers that are due already; nothing comes of it but this. */
const HARMLESS = new Set(["TimeoutNegativeWarning"]);

/** Writes what Node warns of into the log, where it would be plain text on standard error. */
export function logWarnings(process: Pick<EventEmitter, "on" | "removeAllListeners">, log: Log): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning: Error) => {
    log[HARMLESS.has(warning.name) ? "debug" : "warn"]({ err: warning }, "warning of Node");
  });
}
