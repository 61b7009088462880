import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { CONNECTION_MIB, MAX_CONNECTIONS } from "../../runtime/database/config.ts";
import { configMap } from "./configuration.ts";
import { metadataOf, selectorOf } from "./metadata.ts";
import { configuration, scratch, serviceCa, temporary } from "./mount.ts";
import type { Process } from "./pod.ts";
import type { Stack } from "./stack.ts";
import { dataAt, keeper } from "./stateful-set.ts";

/** The socket, and a key that must not touch a disk. */
const run = scratch("run", "/run/postgresql", "16Mi", true);

/**
 * In MiB, beside what all connections may take: shared memory and the agent. On a replica there are those of banking alone. What is
 * reserved is for the connections that are mostly there: pools open them when they are needed.
 */
const MEMORY = { postgres: 160 + MAX_CONNECTIONS * CONNECTION_MIB, "postgres-read": 768 } as const;

/** One Postgres whose agent gets its certificate and supervises it. */
const server = (stack: Stack, component: "postgres" | "postgres-read"): Process => ({
  name: "postgres",
  image: stack.images.postgres,
  command: ["node", "runtime/database/main.ts"],
  ports: { postgres: 5432 },
  mounts: [
    configuration(component),
    serviceCa,
    dataAt("/var/lib/postgresql"),
    temporary,
    run,
    scratch("memory", "/dev/shm", "128Mi", true),
  ],
  environment: { WEKEZA_POSTGRES_RUN: `${run.mountPath}/agent` },
  memory: MEMORY[component],
  reserved: 384,
  health: true,
});

/** The database: its agent makes roles and schemas, too. */
export function postgres(chart: Chart, stack: Stack): void {
  configMap(chart, stack, "postgres");
  keeper(chart, stack, {
    component: "postgres",
    storage: stack.storage,
    storageClass: stack.storageClass,
    processes: [server(stack, "postgres")],
  });
}

/** Its read replicas, where the Region wants some: each copies the database by itself, and follows it. */
export function postgresRead(chart: Chart, stack: Stack): void {
  const { readReplicas } = stack;
  if (readReplicas === undefined) return;
  const component = "postgres-read";
  configMap(chart, stack, component);
  keeper(chart, stack, {
    ...readReplicas,
    component,
    copies: true,
    processes: [server(stack, component)],
  });
  new k8s.KubePodDisruptionBudget(chart, `${component}-budget`, {
    metadata: metadataOf(stack, component),
    spec: {
      maxUnavailable: k8s.IntOrString.fromNumber(1),
      selector: { matchLabels: selectorOf(component) },
    },
  });
}
