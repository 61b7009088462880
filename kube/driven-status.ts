import { canonicalJson } from "./canonical.ts";
import type { ConditionStatement } from "./condition.ts";
import { conditionOf, mergeConditions } from "./condition.ts";
import type { Failure } from "./failure.ts";
import { historyOf } from "./history.ts";
import type { KubeObject } from "./object.ts";
import type { DrivenStatus, InventoryEntry, PlannedStatus } from "./plan.ts";
import type { Restraint } from "./restraint.ts";

/** What a reconcile knows about itself, beside what its plan says. */
export interface Progress {
  /** Objects still to be written or deleted. */
  readonly pending: readonly string[];
  readonly failures: readonly Failure[];
  readonly restraint: Restraint;
}

/** Parts of a status that somebody else writes. */
export interface OthersStatus {
  readonly keys?: readonly string[] | undefined;
  readonly conditions?: readonly string[] | undefined;
}

/** Conditions that are the driver's alone. */
const DRIVERS = new Set(["Synced", "Paused", "Planned"]);

/** How many objects or failures a message names. */
const NAMED = 5;

/** The status of a resource as it is now. */
export function statusOf(owner: KubeObject): DrivenStatus {
  return (owner as KubeObject & { readonly status?: DrivenStatus }).status ?? {};
}

/** The whole status to write: the plan's words, the driver's conditions, the inventory. */
export function completedStatus(
  owner: KubeObject,
  planned: PlannedStatus | undefined,
  inventory: readonly InventoryEntry[],
  progress: Progress,
  now: Date,
): DrivenStatus {
  const before = statusOf(owner);
  const { generation } = owner.metadata;
  const { pausedUntil, planOnly, mistake } = progress.restraint;
  const { conditions: _, ...rest } = planned ?? { ...before, conditions: [] };
  const statements = driversConditions(owner, planned, progress);
  const { inventory: __, history: ___, ...words } = rest as DrivenStatus;
  const conditions = mergeConditions(
    before.conditions,
    [...statements, ...restraintConditions({ pausedUntil, planOnly, mistake }, progress)],
    generation,
    now,
  );
  const history = historyOf(before.history, before.conditions, conditions, now);
  return {
    ...withoutEmptyMaps(words),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(history.length === 0 ? {} : { history }),
    ...(inventory.length === 0 ? {} : { inventory }),
    conditions,
  };
}

/** Server-side apply stores `null` for a map that has lost its last member, and most schemas refuse that. */
function withoutEmptyMaps(words: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isEmptyMap = (value: unknown): boolean =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
  return Object.fromEntries(Object.entries(words).filter(([, value]) => !isEmptyMap(value)));
}

function driversConditions(
  owner: KubeObject,
  planned: PlannedStatus | undefined,
  { failures, pending, restraint }: Progress,
): readonly ConditionStatement[] {
  const before = statusOf(owner);
  const known = planned?.conditions ?? before.conditions ?? [];
  const stated = known.filter(({ type }) => !DRIVERS.has(type));
  const synced = conditionOf(before.conditions, "Synced");
  const worst = failures.find(({ kind }) => kind === "terminal") ?? failures[0];
  if (worst) {
    const message = failures
      .slice(0, NAMED)
      .map((each) => each.message)
      .join(" ");
    const own = [...stated, { type: "Synced", status: "False", reason: worst.reason, message } as const];
    return withFailure(own, worst, message, wasInPlace(owner));
  }
  if (restraint.planOnly || restraint.pausedUntil) {
    const reason = restraint.planOnly ? "PlanOnly" : "Paused";
    const open = pending.length > 0;
    const message = open ? `Not done: ${listed(pending)}.` : "Nothing is left to do.";
    return [
      ...stated,
      { type: "Synced", status: open ? "False" : "True", reason: open ? reason : "Applied", message },
    ];
  }
  if (pending.length === 0) {
    return [
      ...stated,
      { type: "Synced", status: "True", reason: "Applied", message: "Everything is as planned." },
    ];
  }
  const isNews = synced?.observedGeneration !== owner.metadata.generation || synced === undefined;
  // Mending drift is not worth two more writes: what was said last stays until the outcome is known.
  if (!isNews && synced.status === "False") {
    const kind = conditionOf(before.conditions, "Stalled") ? "terminal" : "transient";
    const failure = { reason: synced.reason, message: synced.message, kind } as const;
    return withFailure([...stated, synced], failure, synced.message, wasInPlace(owner));
  }
  if (!isNews) return [...stated, synced];
  const message = `Writing ${listed(pending)}.`;
  const applying = { status: "Unknown", reason: "Applying", message } as const;
  return [
    ...stated.filter(({ type }) => type !== "Reconciling"),
    { type: "Synced", ...applying },
    conditionOf(stated, "Reconciling") ?? {
      type: "Reconciling",
      status: "True",
      reason: "Applying",
      message,
    },
  ];
}

/** Whether what the spec asks for now was in place at some time, as far as status remembers. */
function wasInPlace(owner: KubeObject): boolean {
  const { conditions } = statusOf(owner);
  const synced = conditionOf(conditions, "Synced");
  if (!synced || synced.observedGeneration !== owner.metadata.generation) return false;
  const ready = conditionOf(conditions, "Ready");
  // A Ready that fell with an earlier failure repeats its message.
  return synced.status === "True" || (synced.status === "False" && ready?.message !== synced.message);
}

/**
 * A failure says in kstatus terms whether it is retried. `Ready` falls with it when the present spec was never in
 * place: an older state may work, but it is not what was asked for.
 */
function withFailure(
  stated: readonly ConditionStatement[],
  { kind, reason }: Failure,
  message: string,
  inPlace: boolean,
): readonly ConditionStatement[] {
  const rest = stated.filter(({ type }) => type !== "Reconciling" && type !== "Stalled");
  const terminal = kind === "terminal";
  const ready = conditionOf(rest, "Ready");
  const keepsReady = ready?.status === "False" || (!terminal && inPlace);
  return [
    ...rest.filter(({ type }) => type !== "Ready" || keepsReady),
    ...(keepsReady ? [] : [{ type: "Ready", status: "False", reason, message } as const]),
    terminal
      ? { type: "Stalled", status: "True", reason, message }
      : { type: "Reconciling", status: "True", reason: "Retrying", message },
  ];
}

function restraintConditions(
  { pausedUntil, planOnly, mistake }: Restraint,
  { pending }: Progress,
): readonly ConditionStatement[] {
  const statements: ConditionStatement[] = [];
  if (pausedUntil) {
    const message = `Paused until ${pausedUntil.toISOString()}; revocation and expiry go on.`;
    statements.push({ type: "Paused", status: "True", reason: "PausedUntil", message });
  } else if (mistake !== undefined) {
    statements.push({ type: "Paused", status: "False", reason: "NotATime", message: mistake });
  }
  if (planOnly) {
    const message =
      pending.length === 0 ? "The plan changes nothing." : `The plan would write ${listed(pending)}.`;
    statements.push({ type: "Planned", status: "True", reason: "PlanOnly", message });
  }
  return statements;
}

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return names.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Whether writing `next` would change what we say in the present status. */
export function statusDiffers(owner: KubeObject, next: DrivenStatus, others: OthersStatus = {}): boolean {
  const current = Object.fromEntries(
    Object.entries(statusOf(owner)).filter(([key]) => !others.keys?.includes(key)),
  ) as DrivenStatus;
  const conditions = (current.conditions ?? [])
    .filter(({ type }) => !others.conditions?.includes(type))
    .toSorted((a, b) => (a.type < b.type ? -1 : 1));
  return canonicalJson({ ...current, conditions }) !== canonicalJson(next);
}
