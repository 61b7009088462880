import { ApiObject, type ApiObjectProps, type Chart, JsonPatch } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { configMap } from "./configuration.ts";
import { metadataOf, selectorOf } from "./metadata.ts";
import { configuration, type Mount, scratch, serviceCa, temporary } from "./mount.ts";
import { podTemplate } from "./pod.ts";
import type { Stack } from "./stack.ts";

const data: Mount = { volume: { name: "data" }, mountPath: "/var/lib/postgresql", readOnly: false };

/** The socket, and a key that must not touch a disk. */
const run = scratch("run", "/run/postgresql", "16Mi", true);

/** The database: one Postgres whose agent gets its certificate, makes roles and schemas, and supervises it. */
export function postgres(chart: Chart, stack: Stack): void {
  configMap(chart, stack, "postgres");
  const manifest = k8s.KubeStatefulSet.manifest({
    metadata: metadataOf(stack, "postgres"),
    spec: {
      serviceName: "postgres",
      replicas: 1,
      // A pod that never gets ready is replaced too: ordered, a bad edit would outlive its correction.
      podManagementPolicy: "Parallel",
      revisionHistoryLimit: 3,
      // A claim outlives its StatefulSet: deleting that by mistake loses nothing. The namespace's end is the data's end.
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      selector: { matchLabels: selectorOf("postgres") },
      updateStrategy: { type: "RollingUpdate" },
      template: podTemplate(stack, {
        component: "postgres",
        account: "postgres",
        graceSeconds: 60,
        restartPolicy: "Always",
        serves: true,
        processes: [
          {
            name: "postgres",
            image: stack.images.postgres,
            command: ["node", "runtime/database/main.ts"],
            ports: { postgres: 5432 },
            mounts: [
              configuration("postgres"),
              serviceCa,
              data,
              temporary,
              run,
              scratch("memory", "/dev/shm", "128Mi", true),
            ],
            environment: { WEKEZA_POSTGRES_RUN: `${run.mountPath}/agent` },
            memory: 768,
            health: true,
          },
        ],
      }),
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            volumeMode: "Filesystem",
            resources: { requests: { storage: k8s.Quantity.fromString(stack.storage) } },
          },
        },
      ],
    },
  });
  const statefulSet = new ApiObject(chart, "postgres", manifest as ApiObjectProps);
  // The API server writes these into every template; said here, there is nothing to differ from. The typed construct
  // would drop them again.
  for (const [name, value] of Object.entries({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    status: { phase: "Pending" },
  }))
    statefulSet.addJsonPatch(JsonPatch.add(`/spec/volumeClaimTemplates/0/${name}`, value));
}
