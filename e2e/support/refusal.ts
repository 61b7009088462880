/** A refusal as the golden table keeps it: what a partner can rely on, without what differs each time. */
export interface Refusal {
  readonly status: number;
  readonly contentType: string | null;
  readonly authenticate: string | null;
  readonly body: unknown;
}

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The lasting part of an answer: ids and times are replaced by their kind. */
export function refusalOf({ status, headers, body }: Answered): Refusal {
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
