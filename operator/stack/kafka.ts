import { ApiObject, type ApiObjectProps, type Chart, JsonPatch } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { configMap, KAFKA_HEAP } from "./configuration.ts";
import { metadataOf, selectorOf } from "./metadata.ts";
import { configuration, type Mount, scratch, serviceCa, temporary } from "./mount.ts";
import { podTemplate } from "./pod.ts";
import type { Stack } from "./stack.ts";

const data: Mount = { volume: { name: "data" }, mountPath: "/var/lib/kafka", readOnly: false };

/** Settings, and a key that must not touch a disk. */
const run = scratch("run", "/run/kafka", "1Mi", true);

/** What the virtual machine takes beside its heap, in MiB; Node beside it takes a part. */
const BESIDE_HEAP = 352;

/** The stream, where the Region wants one: one Kafka that is broker and controller. */
export function kafka(chart: Chart, stack: Stack): void {
  if (stack.kafka === undefined) return;
  configMap(chart, stack, "kafka");
  const manifest = k8s.KubeStatefulSet.manifest({
    metadata: metadataOf(stack, "kafka"),
    spec: {
      serviceName: "kafka",
      replicas: 1,
      podManagementPolicy: "Parallel",
      revisionHistoryLimit: 3,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      selector: { matchLabels: selectorOf("kafka") },
      updateStrategy: { type: "RollingUpdate" },
      template: podTemplate(stack, {
        component: "kafka",
        account: "kafka",
        graceSeconds: 60,
        restartPolicy: "Always",
        serves: true,
        processes: [
          {
            name: "kafka",
            image: stack.kafka.image,
            command: ["node", "runtime/kafka/main.ts"],
            ports: { kafka: 9092 },
            mounts: [configuration("kafka"), serviceCa, data, temporary, run],
            environment: { WEKEZA_KAFKA_RUN: `${run.mountPath}/broker` },
            memory: KAFKA_HEAP + BESIDE_HEAP,
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
            resources: { requests: { storage: k8s.Quantity.fromString("1Gi") } },
          },
        },
      ],
    },
  });
  const statefulSet = new ApiObject(chart, "kafka", manifest as ApiObjectProps);
  // As for Postgres: said here, there is nothing for the API server to add.
  for (const [name, value] of Object.entries({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    status: { phase: "Pending" },
  }))
    statefulSet.addJsonPatch(JsonPatch.add(`/spec/volumeClaimTemplates/0/${name}`, value));
}
