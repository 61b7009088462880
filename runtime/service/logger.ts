import { pino, type DestinationStream, type Logger } from "pino";
import { errorInLog } from "./error-in-log.ts";

/** Where a process writes what it decided: one JSON line each, constant message, values as fields. */
export type Log = Logger;

/** Fields that never reach a log, wherever one level down they stand. */
const SECRETS = [
  "authorization",
  "cookie",
  "password",
  "secret",
  "token",
  "access_token",
  "refresh_token",
  "client_assertion",
  "privateKey",
];

/**
 * The log of one process.
 *
 * @param destination where lines go; standard output when absent.
 */
export function createLog(
  service: string,
  { level = "info", destination }: { readonly level?: string; readonly destination?: DestinationStream } = {},
): Log {
  const options = {
    level,
    base: { service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: errorInLog },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
