import { ApiObject, type ApiObjectProps, type Chart, JsonPatch } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { metadataOf, selectorOf } from "./metadata.ts";
import type { Mount } from "./mount.ts";
import { type Pod, podTemplate } from "./pod.ts";
import type { Stack } from "./stack.ts";

/** Pods that keep their data on a volume of their own, each. */
export interface Keeper extends Omit<Pod, "account" | "restartPolicy" | "graceSeconds" | "serves"> {
  readonly component: "kafka" | "postgres" | "postgres-read";
  /** Size of the volume, as Kubernetes writes it: `1Gi`. */
  readonly storage: string;
  /** Absent: the default of the cluster. */
  readonly storageClass?: string | undefined;
  /** Pods; one unless given. */
  readonly replicas?: number;
  /** Whether its volumes hold copies, which go with their pods. */
  readonly copies?: boolean;
}

/** The volume of a {@link Keeper}, where its program finds it. */
export const dataAt = (mountPath: string): Mount => ({
  volume: { name: "data" },
  mountPath,
  readOnly: false,
});

/** A StatefulSet, and its claims. */
export function keeper(
  chart: Chart,
  stack: Stack,
  { storage, storageClass, replicas = 1, copies = false, ...pod }: Keeper,
): void {
  const { component } = pod;
  const fate = copies ? "Delete" : "Retain";
  const manifest = k8s.KubeStatefulSet.manifest({
    metadata: metadataOf(stack, component),
    spec: {
      serviceName: component,
      replicas,
      // A pod that never gets ready is replaced too: ordered, a bad edit would outlive its correction.
      podManagementPolicy: "Parallel",
      revisionHistoryLimit: 3,
      // A claim outlives its StatefulSet: deleting that by mistake loses nothing. The namespace's end is the data's end. A copy
      // that nobody reads any more would be one that no erasure reaches.
      persistentVolumeClaimRetentionPolicy: { whenDeleted: fate, whenScaled: fate },
      selector: { matchLabels: selectorOf(component) },
      updateStrategy: { type: "RollingUpdate" },
      template: podTemplate(stack, {
        ...pod,
        account: component,
        graceSeconds: 60,
        restartPolicy: "Always",
        serves: true,
      }),
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            volumeMode: "Filesystem",
            ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
            resources: { requests: { storage: k8s.Quantity.fromString(storage) } },
          },
        },
      ],
    },
  });
  const statefulSet = new ApiObject(chart, component, manifest as ApiObjectProps);
  // The API server writes these into every template; said here, there is nothing to differ from. The typed construct
  // would drop them again.
  for (const [name, value] of Object.entries({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    status: { phase: "Pending" },
  }))
    statefulSet.addJsonPatch(JsonPatch.add(`/spec/volumeClaimTemplates/0/${name}`, value));
}
