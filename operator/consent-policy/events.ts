import type { ConsentPolicyObject } from "../../crds/resources.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { EventToRecord } from "../../kube/event-recorder.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { DrivenStatus } from "../../kube/plan.ts";

/** The Event of a policy whose text was held back, or is let out in place of another: which live consents that finds. */
export function consentPolicyEvents(owner: KubeObject, before: DrivenStatus): readonly EventToRecord[] {
  if (owner.kind !== "ConsentPolicy") return [];
  const { status } = owner as ConsentPolicyObject;
  const former = (before as NonNullable<ConsentPolicyObject["status"]>).hash;
  const isChanged = former !== undefined && status?.hash !== former;
  const held = conditionOf(status?.conditions, "TextHeld");
  const isHeld = held !== undefined && conditionOf(before.conditions, "TextHeld") === undefined;
  if (!isChanged && !isHeld) return [];
  const found = conditionOf(status?.conditions, "FormerTexts")?.message;
  const what = isHeld ? held.message : "The text of its spec goes to partners.";
  const note = `${what} ${found ?? "No live consent was given under another text."}`;
  const reason = isHeld ? "TextHeld" : "TextChanged";
  return [{ regarding: owner, type: "Normal", reason, action: "Reconcile", note }];
}
