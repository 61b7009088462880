import type { Chart } from "cdk8s";
import { configMap } from "./configuration.ts";
import { configuration, scratch, serviceCa, temporary } from "./mount.ts";
import type { Stack } from "./stack.ts";
import { dataAt, keeper } from "./stateful-set.ts";

/** The socket, and a key that must not touch a disk. */
const run = scratch("run", "/run/postgresql", "16Mi", true);

/** The database: one Postgres whose agent gets its certificate, makes roles and schemas, and supervises it. */
export function postgres(chart: Chart, stack: Stack): void {
  configMap(chart, stack, "postgres");
  keeper(chart, stack, {
    component: "postgres",
    storage: stack.storage,
    storageClass: stack.storageClass,
    processes: [
      {
        name: "postgres",
        image: stack.images.postgres,
        command: ["node", "runtime/database/main.ts"],
        ports: { postgres: 5432 },
        mounts: [
          configuration("postgres"),
          serviceCa,
          dataAt("/var/lib/postgresql"),
          temporary,
          run,
          scratch("memory", "/dev/shm", "128Mi", true),
        ],
        environment: { WEKEZA_POSTGRES_RUN: `${run.mountPath}/agent` },
        memory: 768,
        health: true,
      },
    ],
  });
}
