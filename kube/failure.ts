import { isKindMissing, isUnreachable, KubeError } from "./error.ts";
import { TerminalError, WaitingError } from "./plan.ts";

/** Why a reconcile did not come to its end. */
export interface Failure {
  /** CamelCase, becomes the reason of `Synced`. */
  readonly reason: string;
  /** For people: what, where, next step. */
  readonly message: string;
  /**
   * `waiting`: something that ends by itself or through others, looked at again soon. `transient`: retried with
   * backoff. `terminal`: not retried until something changes.
   */
  readonly kind: "waiting" | "transient" | "terminal";
  /** The cluster it is confined to; absent: it concerns the resource as a whole. */
  readonly cluster?: string | undefined;
  readonly cause?: unknown;
  /** A wait the server asked for, in ms. */
  readonly retryAfterMs?: number | undefined;
}

const LONGEST = 1_000;

/** What an error means for the resource. `doing` begins the sentence: `Applying ConfigMap a/b in ke`. */
export function failureOf(error: unknown, doing: string, cluster?: string): Failure {
  const text = (error instanceof Error ? error.message : String(error)).slice(0, LONGEST);
  const message = `${doing}: ${text}`;
  if (error instanceof TerminalError) {
    return { reason: error.reason, message: text, kind: "terminal", cluster, cause: error };
  }
  if (error instanceof WaitingError)
    return { reason: error.reason, message, kind: "waiting", cluster, cause: error };
  if (!(error instanceof KubeError))
    return { reason: "Failed", message, kind: "transient", cluster, cause: error };
  const refusal: unknown = error;
  const rest = { message, cluster, cause: error, retryAfterMs: error.retryAfterMs } as const;
  if (isUnreachable(refusal)) return { ...rest, reason: "ClusterUnavailable", kind: "waiting" };
  if (isKindMissing(refusal)) return { ...rest, reason: "KindMissing", kind: "transient" };
  if (error.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating")) {
    return { ...rest, reason: "NamespaceTerminating", kind: "waiting" };
  }
  return { ...rest, reason: error.reason, kind: "transient" };
}
