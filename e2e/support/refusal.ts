import { type Answer, StepFailed } from "../../cli/quickstart/failure.ts";

/** A refusal as the golden table keeps it: what a partner can rely on, without what differs each time. */
export interface Refusal {
  readonly status: number;
  readonly contentType: string | null;
  readonly authenticate: string | null;
  readonly body: unknown;
}

interface Answered {
  readonly status: number;
  readonly headers?: Headers | undefined;
  readonly body: string;
}

/** The lasting part of an answer: ids and times are replaced by their kind. */
export function refusalOf({ status, headers = new Headers(), body }: Answered): Refusal {
  return {
    status,
    contentType: headers.get("content-type"),
    authenticate: steady(headers.get("www-authenticate")),
    body: parsed(steady(body) ?? ""),
  };
}

/** As golden text: JSON with a line feed at its end. */
export function goldenText(refusal: Refusal): string {
  return `${JSON.stringify(refusal, undefined, 2)}\n`;
}

function steady(text: string | null): string | null {
  if (text === null) return null;
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, "<uuid>")
    .replaceAll(/ptn-[0-9a-f]{16}/g, "<client id>")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "<time>");
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** The golden file of a refusal, from a test in `e2e/`. */
export function goldenFile(name: string): string {
  return `golden/refusals/${name}.json`;
}

/** The lasting part of a refusal, as its golden file has it. */
export function golden(answer: Answered): string {
  return goldenText(refusalOf(answer));
}

/** The answer of the authorization server to something it must refuse. */
export async function refusedAnswer(work: Promise<unknown>): Promise<Answer> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error("The authorization server did what it had to refuse.");
  if (error instanceof StepFailed && error.answer !== undefined) return error.answer;
  throw error;
}
