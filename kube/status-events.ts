import { conditionOf } from "./condition.ts";
import { statusOf } from "./driven-status.ts";
import type { EventToRecord } from "./event-recorder.ts";
import type { KubeObject } from "./object.ts";
import type { DrivenStatus } from "./plan.ts";

/** The events that a change of status is worth: one for every condition that changed its status or, being bad, its reason. */
export function statusEvents(owner: KubeObject, before: DrivenStatus): readonly EventToRecord[] {
  return (statusOf(owner).conditions ?? []).flatMap(({ type, status, reason, message }) => {
    const old = conditionOf(before.conditions, type);
    const abnormal = type === "Stalled" || type === "Reconciling";
    const bad = status === (abnormal ? "True" : "False");
    if (type === "Reconciling" || status === "Unknown") return [];
    const changed = old?.status !== status || (bad && old.reason !== reason);
    if (!changed || (!old && !bad && type !== "Ready")) return [];
    return [
      {
        regarding: owner,
        type: bad ? "Warning" : "Normal",
        reason,
        action: "Reconcile",
        note: `${type}: ${message}`,
      },
    ];
  });
}
