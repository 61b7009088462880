/** What a server answered, as far as a person needs it to find the cause. */
export interface Answer {
  readonly method: string;
  readonly url: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The `x-fapi-interaction-id` under which the bank finds the request in its logs. */
  readonly interactionId?: string | undefined;
  readonly body: string;
  /** Absent when no answer came. */
  readonly headers?: Headers | undefined;
}

/**
 * A step of the quickstart that did not succeed.
 *
 * Says what was tried, what came back and what to do next; printed whole by `main.ts`.
 */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly answer: Answer | undefined;
  /** What the reader does now, as an imperative sentence. */
  readonly next: string;

  constructor(
    tried: string,
    {
      answer,
      next,
      cause,
    }: { readonly answer?: Answer | undefined; readonly next: string; readonly cause?: unknown },
  ) {
    super(tried, cause === undefined ? undefined : { cause });
    this.answer = answer;
    this.next = next;
  }
}

/** Longest body that is quoted whole; a page of HTML says no more in its rest. */
const QUOTED = 2000;

/** The failure as lines for a terminal: what was tried, what came back, the causes, the next step. */
export function failureText(error: unknown): string {
  const lines = [`failed: ${error instanceof Error ? error.message : String(error)}`];
  const answer = error instanceof StepFailed ? error.answer : undefined;
  if (answer !== undefined) {
    lines.push(`  asked:  ${answer.method} ${answer.url}`);
    lines.push(
      `  answer: ${answer.status === 0 ? "none" : answer.status} ${answer.body.slice(0, QUOTED)}`.trimEnd(),
    );
    if (answer.interactionId !== undefined) lines.push(`  interaction id: ${answer.interactionId}`);
  }
  for (let cause = causeOf(error); cause !== undefined; cause = causeOf(cause)) {
    lines.push(`  because: ${cause instanceof Error ? cause.message : JSON.stringify(cause)}`);
  }
  lines.push(
    `  next: ${error instanceof StepFailed ? error.next : "see whether the platform is up with `make status`"}`,
  );
  return lines.join("\n");
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
