import type { Chart } from "cdk8s";
import { configMap, KAFKA_HEAP } from "./configuration.ts";
import { configuration, scratch, serviceCa, temporary } from "./mount.ts";
import type { Stack } from "./stack.ts";
import { dataAt, keeper } from "./stateful-set.ts";

/** Settings, and a key that must not touch a disk. */
const run = scratch("run", "/run/kafka", "1Mi", true);

/** What the virtual machine takes beside its heap, in MiB; Node beside it takes a part. */
const BESIDE_HEAP = 352;

/** The stream, where the Region wants one: one Kafka that is broker and controller. */
export function kafka(chart: Chart, stack: Stack): void {
  if (stack.kafka === undefined) return;
  configMap(chart, stack, "kafka");
  keeper(chart, stack, {
    component: "kafka",
    storage: "1Gi",
    storageClass: stack.kafka.storageClass,
    processes: [
      {
        name: "kafka",
        image: stack.kafka.image,
        command: ["node", "runtime/kafka/main.ts"],
        ports: { kafka: 9092 },
        mounts: [configuration("kafka"), serviceCa, dataAt("/var/lib/kafka"), temporary, run],
        environment: { WEKEZA_KAFKA_RUN: `${run.mountPath}/broker` },
        memory: KAFKA_HEAP + BESIDE_HEAP,
        health: true,
      },
    ],
  });
}
