import { Type, type Static } from "typebox";

/** One observed truth about a resource, in the form of the Kubernetes API conventions. */
export const Condition = Type.Object({
  type: Type.String({ maxLength: 64, description: "What the condition is about." }),
  status: Type.Enum(["True", "False", "Unknown"], { type: "string", description: "Whether it holds." }),
  observedGeneration: Type.Integer({
    format: "int64",
    description: "The metadata.generation this was seen for.",
  }),
  lastTransitionTime: Type.String({ format: "date-time", description: "When status last changed." }),
  reason: Type.String({ maxLength: 64, description: "One CamelCase word out of a closed list per kind." }),
  message: Type.String({ maxLength: 32_768, description: "What, why, and the next step." }),
});
export type Condition = Static<typeof Condition>;

/** `status.conditions` of every kind: one entry per type. */
export const Conditions = Type.Array(Condition, {
  maxItems: 16,
  description: "Ready sums up; Reconciling and Stalled are present only while true; then one per subject.",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
});

/** An object a resource owns, wherever it lives: what prune compares with. */
export const InventoryEntry = Type.Object({
  cluster: Type.String({ maxLength: 63, description: "Region name, or `home`: the hub cluster." }),
  apiVersion: Type.String({ maxLength: 128 }),
  kind: Type.String({ maxLength: 64 }),
  namespace: Type.Optional(Type.String({ maxLength: 63 })),
  name: Type.String({ maxLength: 253 }),
  uid: Type.Optional(Type.String({ maxLength: 64 })),
});
export type InventoryEntry = Static<typeof InventoryEntry>;

/** Fields every kind's status has. */
export const commonStatus = {
  observedGeneration: Type.Optional(
    Type.Integer({ format: "int64", description: "The metadata.generation this status describes." }),
  ),
  conditions: Type.Optional(Conditions),
  history: Type.Optional(
    Type.Array(
      Type.Object({
        at: Type.String({ format: "date-time" }),
        reason: Type.String({ maxLength: 64 }),
        message: Type.String({ maxLength: 1024 }),
      }),
      { maxItems: 10, description: "The last failures, newest first, because Events expire." },
    ),
  ),
  inventory: Type.Optional(
    Type.Array(InventoryEntry, {
      maxItems: 512,
      description: "Every object this resource owns, in every cluster.",
    }),
  ),
};
