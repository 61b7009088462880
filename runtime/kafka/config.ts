import { Type, type Static } from "typebox";
import { CommonConfig } from "../service/config.ts";

/** What the operator writes for a stack's Kafka. */
export const KafkaConfig = Type.Object({
  ...CommonConfig.properties,
  /** Name and port by which the stack's services reach it. */
  host: Type.String({ default: "kafka" }),
  port: Type.Integer({ default: 9092 }),
  /** Directory of the volume; the log lives in its subdirectory `data`. */
  volume: Type.String({ default: "/var/lib/kafka" }),
  /** Heap of the virtual machine, in MiB. */
  heap: Type.Integer({ minimum: 64, default: 160 }),
});
export type KafkaConfig = Static<typeof KafkaConfig>;
