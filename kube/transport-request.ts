/** One HTTP request to an API server. */
export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** For metrics: `get`, `list`, `apply`, `watch` …; absent: the method. */
  readonly verb?: string | undefined;
  /** Deadline of the whole request, retries included, in ms; absent: the transport's. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Asked in the moment before each attempt is put on the wire; throws to end the request there, unsent. */
  readonly maySend?: (() => void) | undefined;
  /**
   * Whether sending it twice is as good as once. True is retried on 429, 5xx and broken connections; false only on
   * 429, which the server sends before it does anything.
   */
  readonly repeatable: boolean;
}

/** The answer, with its body parsed. */
export interface TransportResponse {
  readonly status: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

/** What one attempt came to, for metrics. `code` is the HTTP status or `<error>`. */
export interface RequestOutcome {
  readonly verb: string;
  readonly method: string;
  readonly host: string;
  readonly code: string;
  readonly seconds: number;
  readonly retried: boolean;
}
