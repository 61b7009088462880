import { pino, type DestinationStream, type Logger } from "pino";

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

/** What Postgres adds to an error is the row that it refused, word by word; code, constraint and table say enough. */
const ROWS = ["err.detail", "err.where"];

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
    redact: { paths: [...SECRETS.flatMap((name) => [name, `*.${name}`]), ...ROWS], censor: "[redacted]" },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
