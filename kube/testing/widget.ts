import type { ConditionStatement } from "../condition.ts";
import type { KubeObject } from "../object.ts";
import { resource } from "../object.ts";
import type { Controller, DrivenStatus, Plan, PlannedObject } from "../plan.ts";

/** A custom resource for tests: asks for ConfigMaps in clusters. */
export interface Widget extends KubeObject {
  readonly spec: {
    /** Cluster and name of each ConfigMap: `ke/one`. */
    readonly maps: readonly string[];
    readonly color?: string | undefined;
    /** Fails the plan: `once` is transient, `for good` terminal. */
    readonly fail?: string | undefined;
  };
  readonly status?: DrivenStatus & { readonly seen?: number };
}

export const widgets = resource<Widget>({
  apiVersion: "example.org/v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
});

/** What the Widget controller says in status. */
export interface WidgetStatus {
  readonly seen: number;
  readonly conditions: readonly ConditionStatement[];
}

/** A Widget controller; tests replace single parts. */
export type WidgetController = Controller<Widget, number, WidgetStatus, string>;

/** The objects a Widget asks for. */
export function mapsOf({ spec, metadata }: Widget): readonly PlannedObject[] {
  return spec.maps.map((map) => {
    const [cluster = "", name = ""] = map.split("/");
    return {
      cluster,
      object: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { namespace: metadata.namespace, name },
        data: { color: spec.color ?? "grey" },
      } as KubeObject,
    };
  });
}

/** The ordinary plan: the maps, or nothing while the Widget is being deleted. */
export function widgetPlan(widget: Widget, seen: number): Plan<WidgetStatus, string> {
  const deleting = widget.metadata.deletionTimestamp !== undefined;
  return {
    objects: deleting ? [] : mapsOf(widget),
    actions: [],
    status: {
      seen,
      conditions: [{ type: "Ready", status: "True", reason: "Made", message: "All maps are asked for." }],
    },
  };
}

/** The CRD of {@link widgets}. */
export const widgetDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.org" },
  spec: {
    group: "example.org",
    scope: "Namespaced",
    names: { kind: "Widget", plural: "widgets", singular: "widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: {
                  maps: { type: "array", items: { type: "string" } },
                  color: { type: "string" },
                  fail: { type: "string" },
                },
              },
              status: {
                type: "object",
                properties: {
                  seen: { type: "integer" },
                  observedGeneration: { type: "integer", format: "int64" },
                  history: {
                    type: "array",
                    items: {
                      type: "object",
                      properties: Object.fromEntries(
                        ["at", "reason", "message"].map((field) => [field, { type: "string" }]),
                      ),
                    },
                  },
                  inventory: {
                    type: "array",
                    items: {
                      type: "object",
                      properties: Object.fromEntries(
                        ["cluster", "apiVersion", "kind", "namespace", "name", "uid"].map((field) => [
                          field,
                          { type: "string" },
                        ]),
                      ),
                    },
                  },
                  conditions: {
                    type: "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["type"],
                    items: {
                      type: "object",
                      required: ["type", "status", "reason", "message", "lastTransitionTime"],
                      properties: {
                        type: { type: "string" },
                        status: { type: "string" },
                        reason: { type: "string" },
                        message: { type: "string" },
                        lastTransitionTime: { type: "string", format: "date-time" },
                        observedGeneration: { type: "integer", format: "int64" },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};
