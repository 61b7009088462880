import { createHash } from "node:crypto";
import { labelsOf, type Manifest } from "./objects.ts";

/** A volume of a pod and the folder it appears in. */
export interface Mount {
  readonly volume: { readonly name: string; readonly [source: string]: unknown };
  readonly mountPath: string;
}

/** One of the platform's own processes. */
export interface Process {
  readonly namespace: string;
  readonly name: string;
  /** ServiceAccount; absent: the process speaks to no API server. */
  readonly account?: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly replicas: number;
  /** Named ports; `health` is the one that is probed. */
  readonly ports: Readonly<Record<string, { readonly port: number; readonly protocol?: "TCP" | "UDP" }>>;
  readonly probe: { readonly live: string; readonly ready: string; readonly readyPort?: string };
  readonly mounts: readonly Mount[];
  /** Text that starts the pods again when it changes. */
  readonly configuration?: string;
  /** Upper bound of memory in MiB; half of it is reserved. */
  readonly memory: number;
}

/** The Deployment of a process, and its disruption budget where there is more than one pod. */
export function deployment(process: Process): readonly Manifest[] {
  const { namespace, name, replicas } = process;
  const metadata = { name, namespace, labels: labelsOf(name) };
  const selector = { matchLabels: { "app.kubernetes.io/name": name } };
  const checksum = createHash("sha256")
    .update(process.configuration ?? "")
    .digest("hex")
    .slice(0, 32);
  const spec = {
    replicas,
    revisionHistoryLimit: 3,
    selector,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: {
      metadata: {
        labels: labelsOf(name),
        annotations: { "openbanking.wekeza.io/config-checksum": checksum },
      },
      spec: podSpec(process, selector),
    },
  };
  const budget = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata,
    spec: { maxUnavailable: 1, selector },
  };
  return [{ apiVersion: "apps/v1", kind: "Deployment", metadata, spec }, ...(replicas > 1 ? [budget] : [])];
}

function podSpec(process: Process, selector: object): object {
  const { account, mounts } = process;
  const spread = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: selector,
  });
  return {
    ...(account === undefined ? {} : { serviceAccountName: account }),
    automountServiceAccountToken: account !== undefined,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 30,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    },
    topologySpreadConstraints: [spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname")],
    containers: [container(process)],
    volumes: mounts.map(({ volume }) => volume),
  };
}

function container(process: Process): object {
  const { command, args, environment = {}, ports, probe, mounts, memory } = process;
  const check = (path: string, port: string, periodSeconds: number, failureThreshold: number) => ({
    httpGet: { path, port, scheme: "HTTP" },
    periodSeconds,
    timeoutSeconds: 3,
    failureThreshold,
  });
  const fieldRef = (fieldPath: string) => ({ fieldRef: { apiVersion: "v1", fieldPath } });
  return {
    name: process.name,
    image: process.image,
    imagePullPolicy: "IfNotPresent",
    ...(command ? { command } : {}),
    ...(args ? { args } : {}),
    env: [
      { name: "POD_NAME", valueFrom: fieldRef("metadata.name") },
      { name: "POD_NAMESPACE", valueFrom: fieldRef("metadata.namespace") },
      ...Object.entries(environment).map(([name, value]) => ({ name, value })),
    ],
    ports: Object.entries(ports).map(([name, { port, protocol = "TCP" }]) => ({
      name,
      containerPort: port,
      protocol,
    })),
    startupProbe: check(probe.live, "health", 2, 60),
    livenessProbe: check(probe.live, "health", 10, 3),
    readinessProbe: check(probe.ready, probe.readyPort ?? "health", 3, 2),
    resources: {
      requests: { cpu: "20m", memory: `${Math.ceil(memory / 2)}Mi` },
      limits: { memory: `${memory}Mi` },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: mounts.map(({ volume, mountPath }) => ({ name: volume.name, mountPath })),
  };
}

/** The `/tmp` of a process whose root file system is read-only. */
export const temporary: Mount = {
  volume: { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
  mountPath: "/tmp",
};
