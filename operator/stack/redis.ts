import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { configMap } from "./configuration.ts";
import { metadataOf, selectorOf } from "./metadata.ts";
import { configuration, redisAcl, redisPassword, scratch, serviceCa, temporary } from "./mount.ts";
import { podTemplate } from "./pod.ts";
import type { Stack } from "./stack.ts";

/** Where the sidecar leaves `tls.key`, `tls.crt` and `ca.crt` for Redis: memory, because a key is among them. */
const tls = scratch("tls", "/run/redis", "1Mi", true);

const file = (name: string) => `${tls.mountPath}/${name}`;

/**
 * Redis speaks TLS 1.3 with client certificates only, knows one user per service, and keeps nothing on disk: everything
 * in it can be lost, and what was issued before its start is refused.
 */
const COMMAND = [
  "redis-server",
  "--port 0 --tls-port 6379 --tls-auth-clients yes --tls-protocols TLSv1.3",
  `--tls-cert-file ${file("tls.crt")} --tls-key-file ${file("tls.key")} --tls-ca-cert-file ${file("ca.crt")}`,
  `--aclfile ${redisAcl.mountPath}/users.acl`,
  `--appendonly no --dir ${temporary.mountPath} --maxmemory 128mb --maxmemory-policy noeviction`,
]
  .flatMap((line) => line.split(" "))
  .concat("--save", "");

/** The cache of one-time and counted things, with the sidecar that gets and renews its certificate. */
export function redis(chart: Chart, stack: Stack): void {
  configMap(chart, stack, "redis");
  new k8s.KubeStatefulSet(chart, "redis", {
    metadata: metadataOf(stack, "redis"),
    spec: {
      // Never two at a time, as a Deployment could have: two memories would accept one code twice.
      serviceName: "redis",
      replicas: 1,
      // A pod that never gets ready is replaced too: ordered, a bad edit would outlive its correction.
      podManagementPolicy: "Parallel",
      revisionHistoryLimit: 3,
      selector: { matchLabels: selectorOf("redis") },
      updateStrategy: { type: "RollingUpdate" },
      template: podTemplate(stack, {
        component: "redis",
        account: "redis",
        graceSeconds: 30,
        restartPolicy: "Always",
        serves: true,
        sidecars: [
          {
            name: "sidecar",
            image: stack.images.wekeza,
            command: ["node", "runtime/service/sidecar/main.ts"],
            mounts: [configuration("redis"), serviceCa, redisAcl, redisPassword("sidecar"), tls, temporary],
            memory: 192,
            health: true,
          },
        ],
        processes: [
          {
            name: "redis",
            image: stack.images.redis,
            command: COMMAND,
            ports: { redis: 6379 },
            mounts: [redisAcl, tls, temporary],
            memory: 192,
            health: false,
          },
        ],
      }),
    },
  });
}
