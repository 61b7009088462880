/** An answer of the store that is one: its status, and what it says. */
export interface OpenBaoAnswer {
  readonly status: number;
  /** The parsed body; empty when there was none or it was no JSON. */
  readonly body: { readonly [name: string]: unknown };
  /** What it says is wrong, without what it was asked with. */
  readonly errors: string;
}

/** A standby that forwards nothing, as while another becomes active: where it points to nobody let us in. */
const STANDBY = 307;
/** Answers that pass by themselves: sealed, overloaded, a standby that has not caught up (412). */
const PASSING = new Set([STANDBY, 412, 429, 472, 473, 500, 502, 503, 504]);

/** It says 500 of what was encrypted to another key, too; no waiting changes that. */
const NOT_FOR_THIS_KEY = "failed to RSA decrypt";

/** Whether the same call may be answered otherwise in a while. */
export function isPassing({ status, errors }: OpenBaoAnswer): boolean {
  return PASSING.has(status) && !errors.includes(NOT_FOR_THIS_KEY);
}

/** The object that it answered with; empty when there was none. */
export function dataOf({ body }: OpenBaoAnswer): Readonly<Record<string, unknown>> {
  const data = body["data"];
  return typeof data === "object" && data !== null ? (data as Record<string, unknown>) : {};
}

/**
 * What it answered.
 *
 * @param secret what it was asked with: it is not quoted.
 */
export function answerOf(status: number, text: string, secret = ""): OpenBaoAnswer {
  let body: OpenBaoAnswer["body"] = {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) body = value as OpenBaoAnswer["body"];
  } catch {
    // A proxy before it answers in its own words.
  }
  const standby = "a standby that forwards nothing; name an address that leads to the active node";
  const errors = Array.isArray(body["errors"]) ? body["errors"] : status === STANDBY ? [standby] : [];
  const said = errors.join("; ");
  // Before it is cut: a piece of a token is found no more.
  const told = secret === "" ? said : said.replaceAll(secret, "…");
  return { status, body, errors: told.replaceAll(/\s+/g, " ").slice(0, 300) };
}
