import { createHash } from "node:crypto";
import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { configChecksum, type Configured, configMap } from "./configuration.ts";
import { metadataOf } from "./metadata.ts";
import { configuration, serviceCa, temporary } from "./mount.ts";
import { podTemplate } from "./pod.ts";
import type { Stack } from "./stack.ts";

/** A Job of a stack: runs once for each image and configuration. */
interface JobDefinition {
  readonly name: "keys" | "migrate" | "seed";
  /** ServiceAccount; where it is a Postgres role, the login as well. */
  readonly account: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const KEYS: JobDefinition = { name: "keys", account: "keys", command: ["node", "runtime/keys/main.ts"] };
const MIGRATE: JobDefinition = {
  name: "migrate",
  account: "migrator",
  command: ["node", "runtime/database/migrate.ts"],
};
const SEED: JobDefinition = {
  name: "seed",
  account: "seed",
  command: ["node", "runtime/banking/seed/main.ts"],
};

/** The Jobs that a stack runs: keys, migrations and, where wanted, demo customers. */
export function jobs(chart: Chart, stack: Stack): void {
  for (const each of stack.demoData ? [KEYS, MIGRATE, SEED] : [KEYS, MIGRATE]) job(chart, stack, each);
}

/** Brings the Secrets that a partner's own gateways share with the group's into their namespace, as the stack's keys Job. */
export function shareKeys(chart: Chart, stack: Stack, { namespace, beside }: Stack): void {
  const name = `${jobName(stack, "keys").replace("keys-", `keys-${beside?.clientId ?? ""}-`)}`;
  jobOf(chart, stack, { ...KEYS, environment: { WEKEZA_SHARE_WITH: namespace } }, name);
}

/** Name of a Job: a Job's template cannot change, so a new image or configuration is a new Job. */
export function jobName(stack: Stack, process: Configured): string {
  const version = createHash("sha256").update(stack.images.wekeza).update(configChecksum(stack, process));
  return `${process}-${version.digest("hex").slice(0, 8)}`;
}

function job(chart: Chart, stack: Stack, definition: JobDefinition): void {
  configMap(chart, stack, definition.name);
  jobOf(chart, stack, definition, jobName(stack, definition.name));
}

function jobOf(
  chart: Chart,
  stack: Stack,
  { name, account, command, environment }: JobDefinition,
  called: string,
): void {
  new k8s.KubeJob(chart, name, {
    metadata: metadataOf(stack, name, called),
    spec: {
      // It waits for what it needs by itself; what makes it fail (a full disk, a wrong migration) may be mended.
      backoffLimit: 30,
      completions: 1,
      parallelism: 1,
      completionMode: "NonIndexed",
      template: podTemplate(stack, {
        component: name,
        account,
        graceSeconds: 30,
        restartPolicy: "OnFailure",
        serves: false,
        processes: [
          {
            name,
            image: stack.images.wekeza,
            command,
            ...(environment ? { environment } : {}),
            mounts: [configuration(name), serviceCa, temporary],
            memory: 256,
            health: false,
          },
        ],
      }),
    },
  });
}
