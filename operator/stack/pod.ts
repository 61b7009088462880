import { k8s } from "cdk8s-plus-28";
import { configChecksum, type Configured } from "./configuration.ts";
import { labelsOf, selectorOf } from "./metadata.ts";
import { type Mount, volumeMount } from "./mount.ts";
import type { Stack } from "./stack.ts";

/** Port of `/healthz`, `/readyz` and `/metrics`, plain HTTP, reached by the kubelet only. */
export const HEALTH_PORT = 9090;

/** User and group of every process: the one the images know by name, which Postgres insists on. */
const USER = 1000;

/** Annotation of a pod template that starts pods again when what they were given has changed. */
export const CHECKSUM_ANNOTATION = "openbanking.wekeza.io/config-checksum";

/** One process of a pod. */
export interface Process {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Named ports it listens on, {@link HEALTH_PORT} apart. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly mounts: readonly Mount[];
  /** Variables beside those every process has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Upper bound, in MiB. */
  readonly memory: number;
  /** What is reserved of it, in MiB; half unless given. */
  readonly reserved?: number;
  /** Whether it serves health on {@link HEALTH_PORT}. */
  readonly health: boolean;
}

const field = (name: string, fieldPath: string): k8s.EnvVar => ({
  name,
  valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } },
});

/** No secret is among them: a container runtime keeps the variables of its containers in clear on the node's disk. */
function environment({ environment: own = {} }: Process): k8s.EnvVar[] {
  return [
    { name: "WEKEZA_CONFIG", value: "/etc/wekeza/config.json" },
    field("POD_NAME", "metadata.name"),
    field("POD_NAMESPACE", "metadata.namespace"),
    field("NODE_NAME", "spec.nodeName"),
    ...Object.entries(own).map(([name, value]) => ({ name, value })),
  ];
}

const probe = (path: string, periodSeconds: number, failureThreshold: number): k8s.Probe => ({
  httpGet: { path, port: k8s.IntOrString.fromString("health"), scheme: "HTTP" },
  periodSeconds,
  timeoutSeconds: 3,
  failureThreshold,
});

/** Two minutes to start, thirty seconds of silence to be restarted, two failures to get no more requests. */
const probes = {
  startupProbe: probe("/healthz", 2, 60),
  livenessProbe: probe("/healthz", 10, 3),
  readinessProbe: probe("/readyz", 3, 2),
};

/** The container of a process, as the `restricted` Pod Security Standard wants it. */
export function container(process: Process): k8s.Container {
  const ports = Object.entries({ ...process.ports, ...(process.health ? { health: HEALTH_PORT } : {}) });
  const quantity = (text: string) => k8s.Quantity.fromString(text);
  const { reserved = Math.ceil(process.memory / 2) } = process;
  return {
    name: process.name,
    image: process.image,
    imagePullPolicy: "IfNotPresent",
    command: [...process.command],
    env: environment(process),
    ...(ports.length === 0
      ? {}
      : { ports: ports.map(([name, containerPort]) => ({ name, containerPort, protocol: "TCP" })) }),
    resources: {
      requests: { cpu: quantity("20m"), memory: quantity(`${reserved}Mi`) },
      // No limit of CPU: a throttled gateway is a slow gateway on an idle node.
      limits: { memory: quantity(`${process.memory}Mi`) },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: process.mounts.map(volumeMount),
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...(process.health ? probes : {}),
  };
}

/** What a pod is, beyond its processes. */
export interface Pod {
  /** Names the component in labels. */
  readonly component: Configured;
  /** ServiceAccount; its name is in the certificate the pod gets. */
  readonly account: string;
  readonly processes: readonly Process[];
  /** Processes that start before the others and run beside them. */
  readonly sidecars?: readonly Process[];
  /** Time to finish after SIGTERM, in seconds. */
  readonly graceSeconds: number;
  readonly restartPolicy: "Always" | "OnFailure";
  /** Whether its pods are kept apart, and restarted on a change of configuration. */
  readonly serves: boolean;
}

const spread = (component: string, topologyKey: string): k8s.TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: "ScheduleAnyway",
  labelSelector: { matchLabels: selectorOf(component) },
});

/** The pod template of a workload. */
export function podTemplate(stack: Stack, pod: Pod): k8s.PodTemplateSpec {
  const mounts = [...pod.processes, ...(pod.sidecars ?? [])].flatMap((process) => process.mounts);
  // A volume that is only a name comes from a claim template.
  const volumes = new Map(mounts.map(({ volume }) => [volume.name, volume]));
  const annotations = { [CHECKSUM_ANNOTATION]: configChecksum(stack, pod.component) };
  return {
    metadata: { labels: labelsOf(stack, pod.component), ...(pod.serves ? { annotations } : {}) },
    spec: {
      serviceAccountName: pod.account,
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      restartPolicy: pod.restartPolicy,
      terminationGracePeriodSeconds: pod.graceSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...(pod.serves
        ? {
            topologySpreadConstraints: [
              spread(pod.component, "topology.kubernetes.io/zone"),
              spread(pod.component, "kubernetes.io/hostname"),
            ],
          }
        : {}),
      ...(pod.sidecars
        ? { initContainers: pod.sidecars.map((each) => ({ ...container(each), restartPolicy: "Always" })) }
        : {}),
      containers: pod.processes.map(container),
      volumes: [...volumes.values()].filter((volume) => Object.keys(volume).length > 1),
    },
  };
}
