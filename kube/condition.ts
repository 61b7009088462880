/** One statement about an object, as Kubernetes keeps it in status. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase word for machines. */
  readonly reason: string;
  /** A sentence for people. */
  readonly message: string;
  /** When `status` last changed, RFC 3339. */
  readonly lastTransitionTime: string;
  /** The generation this was said about. */
  readonly observedGeneration?: number | undefined;
}

/** A condition as a plan states it; the driver adds the times. */
export interface ConditionStatement {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** Longest message the API conventions allow. */
const LONGEST_MESSAGE = 32_768;

/**
 * The conditions to write: the statements, with the time of the last change of each `status` kept.
 *
 * Conditions that are not stated are gone. Sorted by type, so that equal statements give equal status.
 */
export function mergeConditions(
  before: readonly Condition[] | undefined,
  statements: readonly ConditionStatement[],
  observedGeneration: number | undefined,
  now: Date,
): readonly Condition[] {
  const known = new Map((before ?? []).map((condition) => [condition.type, condition]));
  const latest = new Map(statements.map((statement) => [statement.type, statement]));
  return [...latest.values()]
    .toSorted((a, b) => (a.type < b.type ? -1 : 1))
    .map(({ type, status, reason, message }) => {
      const old = known.get(type);
      return {
        type,
        status,
        reason,
        message: message.slice(0, LONGEST_MESSAGE),
        lastTransitionTime: old?.status === status ? old.lastTransitionTime : secondsOf(now),
        ...(observedGeneration === undefined ? {} : { observedGeneration }),
      };
    });
}

/** `Ready` as the sum of the parts: the first part that is not True says why. */
export function readyFrom(
  parts: readonly ConditionStatement[],
  ready: { readonly reason: string; readonly message: string },
): ConditionStatement {
  const worst =
    parts.find(({ status }) => status === "False") ?? parts.find(({ status }) => status === "Unknown");
  return worst
    ? { type: "Ready", status: worst.status, reason: worst.reason, message: worst.message }
    : { type: "Ready", status: "True", ...ready };
}

/** The condition of that type, if it is stated. */
export function conditionOf<C extends { readonly type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** A time as Kubernetes writes it, in whole seconds. */
export function secondsOf(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
