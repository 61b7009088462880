import { ApiObject, type ApiObjectProps, type Chart, JsonPatch } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { metadataOf, selectorOf } from "./metadata.ts";
import type { Mount } from "./mount.ts";
import { type Pod, podTemplate } from "./pod.ts";
import type { Stack } from "./stack.ts";

/** One pod that keeps its data on a volume of its own. */
export interface Keeper extends Omit<Pod, "account" | "restartPolicy" | "graceSeconds" | "serves"> {
  readonly component: "kafka" | "postgres";
  /** Size of the volume, as Kubernetes writes it: `1Gi`. */
  readonly storage: string;
  /** Absent: the default of the cluster. */
  readonly storageClass?: string | undefined;
}

/** The volume of a {@link Keeper}, where its program finds it. */
export const dataAt = (mountPath: string): Mount => ({
  volume: { name: "data" },
  mountPath,
  readOnly: false,
});

/** A StatefulSet of one pod, and its claim. */
export function keeper(chart: Chart, stack: Stack, { storage, storageClass, ...pod }: Keeper): void {
  const { component } = pod;
  const manifest = k8s.KubeStatefulSet.manifest({
    metadata: metadataOf(stack, component),
    spec: {
      serviceName: component,
      replicas: 1,
      // A pod that never gets ready is replaced too: ordered, a bad edit would outlive its correction.
      podManagementPolicy: "Parallel",
      revisionHistoryLimit: 3,
      // A claim outlives its StatefulSet: deleting that by mistake loses nothing. The namespace's end is the data's end.
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
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
