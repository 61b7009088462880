/** One cause inside a `Status`, such as one invalid field or one conflicting manager. */
export interface StatusCause {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly field?: string | undefined;
}

/** What the API server adds to a refusal. */
export interface StatusDetails {
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
  readonly uid?: string | undefined;
  readonly causes?: readonly StatusCause[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** The `Status` object that carries every refusal of the API server. */
export interface Status {
  readonly kind?: string;
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly details?: StatusDetails | undefined;
}

/**
 * A request that did not succeed.
 *
 * `status` is the HTTP code, 0 when no answer came. `reason` is the server's word (`NotFound`, `AlreadyExists`,
 * `Conflict`, `Forbidden`, `Invalid`, `Expired` …) or one of the client's: `Unreachable` (no connection, or it broke),
 * `DeadlineExceeded`, `Stalled` (a watch that went silent), `Malformed` (not the answer of an API server), `Closed`.
 */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** How long the server asked to wait, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    fields: {
      readonly status?: number;
      readonly reason: string;
      readonly details?: StatusDetails | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.status = fields.status ?? 0;
    this.reason = fields.reason;
    this.details = fields.details;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

/** The error for a `Status` body. `request` says what was asked, for the reader: `GET /api/v1/nodes`. */
export function errorOfStatus(
  request: string,
  code: number,
  status: Status,
  retryAfterMs?: number,
): KubeError {
  const seconds = status.details?.retryAfterSeconds;
  return new KubeError(`${request}: ${status.message ?? status.reason ?? "refused"} (${code})`, {
    status: code,
    reason: status.reason ?? (code === 410 ? "Expired" : "Unknown"),
    details: status.details,
    retryAfterMs: retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000),
  });
}

const isStatus = (error: unknown, status: number): error is KubeError =>
  error instanceof KubeError && error.status === status;

/** Nothing is there: neither the object nor, perhaps, its kind. */
export const isNotFound = (error: unknown): error is KubeError => isStatus(error, 404);

/** The kind itself is not served: its CRD is missing. A missing object is named in the details, a missing kind is not. */
export const isKindMissing = (error: unknown): error is KubeError =>
  isNotFound(error) && error.details?.name === undefined;

/** An object of that name exists already. */
export const isAlreadyExists = (error: unknown): error is KubeError =>
  isStatus(error, 409) && error.reason === "AlreadyExists";

/** A precondition failed, the object changed in between, or another field manager owns a field. */
export const isConflict = (error: unknown): error is KubeError =>
  isStatus(error, 409) && error.reason !== "AlreadyExists";

/** The UID named is not that of the object there: a successor (422 when it exists, 409 when nothing does). */
export const isOtherObject = (error: unknown): error is KubeError =>
  (isStatus(error, 422) && (error.details?.causes?.some(({ field }) => field === "metadata.uid") ?? false)) ||
  (isConflict(error) && error.message.includes("uid"));

/** The resource version or continue token is too old: list again. */
export const isExpired = (error: unknown): error is KubeError =>
  error instanceof KubeError &&
  (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");

/** No answer came: the cluster is away or too slow. Says nothing about whether a write took effect. */
export const isUnreachable = (error: unknown): error is KubeError =>
  error instanceof KubeError &&
  (error.reason === "Unreachable" || error.reason === "DeadlineExceeded" || error.reason === "Stalled");

/** Trying the same again later can help: no answer, throttled, or the server's own fault. */
export const isTransient = (error: unknown): boolean =>
  isUnreachable(error) || (error instanceof KubeError && (error.status === 429 || error.status >= 500));

/**
 * The other field managers of a server-side apply conflict, with the fields they hold: `kubectl-edit` → `.spec.type`.
 *
 * Empty when the error is no such conflict.
 */
export function conflictsOf(error: unknown): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  if (!isConflict(error)) return found;
  for (const { reason, message, field } of error.details?.causes ?? []) {
    if (reason !== "FieldManagerConflict") continue;
    const manager = /conflict with "((?:[^"\\]|\\.)*)"/.exec(message ?? "")?.[1] ?? "unknown";
    const fields = found.get(manager) ?? [];
    fields.push(field ?? "");
    found.set(manager, fields);
  }
  return found;
}
