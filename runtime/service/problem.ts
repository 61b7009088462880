/** Media type of a {@link Problem}. */
export const PROBLEM_JSON = "application/problem+json";

/** The body of a refusal on our own paths (RFC 9457). */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** An answer that tells the caller what went wrong and what to do, on paths that are ours (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  /** Stable, documented, one word; the last part of the problem's type. */
  readonly code: string;

  constructor(status: number, code: string, detail: string, options?: { readonly cause?: unknown }) {
    super(detail, options);
    this.status = status;
    this.code = code;
  }

  /** What the caller reads. */
  body(): ProblemBody {
    return problemBody(this.status, this.code, this.message);
  }
}

/** The body of a problem that nobody threw. */
export function problemBody(status: number, code: string, detail: string): ProblemBody {
  return {
    type: `urn:openbanking:problem:${code}`,
    title: code.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " "),
    status,
    detail,
  };
}
