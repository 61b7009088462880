import { stdSerializers, type SerializedError } from "pino";

const REDACTED = "[redacted]";

/**
 * Class 22 of SQLSTATE, data exceptions: their messages quote the value that could not be taken, such as a name where a
 * number was wanted. Code, file and routine say enough.
 */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;

/** What Postgres adds to an error is the row that it refused, word by word; code, constraint and table say enough. */
const ROWS = ["detail", "where"];

/**
 * An error as it stands in a log: with its causes and where it happened, and without what anybody entered. Never throws: whatever
 * else was thrown stands there as it is.
 */
export function errorInLog(error: unknown): unknown {
  return error instanceof Error ? withoutRows(stdSerializers.err(error), quotes(error)) : error;
}

function withoutRows(told: SerializedError, quoted: readonly string[]): object {
  const hidden = Object.fromEntries(ROWS.flatMap((name) => (name in told ? [[name, REDACTED]] : [])));
  const aggregateErrors = told["aggregateErrors"] as readonly unknown[] | undefined;
  return {
    ...told,
    message: without(told.message, quoted),
    stack: without(told.stack, quoted),
    ...hidden,
    // A pool adds the connection that was lost: ten thousand letters of certificates, and the secret that cancels its queries.
    ...("client" in told ? { client: undefined } : {}),
    ...(aggregateErrors === undefined
      ? {}
      : {
          aggregateErrors: aggregateErrors.map((each) =>
            isSerialized(each) ? withoutRows(each, quoted) : each,
          ),
        }),
  };
}

function isSerialized(told: unknown): told is SerializedError {
  return typeof told === "object" && told !== null && "message" in told && "stack" in told;
}

/** Messages that quote values, of an error and everything it came of. */
function quotes(error: unknown, seen: ReadonlySet<unknown> = new Set()): readonly string[] {
  if (!(error instanceof Error) || seen.has(error)) return [];
  const { code } = error as { readonly code?: unknown };
  const own = typeof code === "string" && DATA_EXCEPTION.test(code) ? [error.message] : [];
  const among: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  const met = new Set([...seen, error]);
  return [...own, ...[error.cause, ...among].flatMap((each) => quotes(each, met))];
}

function without(text: string, quoted: readonly string[]): string {
  return quoted.filter((each) => each !== "").reduce((left, each) => left.replaceAll(each, REDACTED), text);
}
