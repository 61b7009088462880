import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { userConfig } from "./certificates.ts";
import type { Cluster } from "./cluster.ts";
import { containerdConfiguration } from "./containerd.ts";
import { encryption } from "./encryption.ts";

/** Writes every configuration file of a cluster's programs. Safe to repeat. */
export async function writeConfiguration(cluster: Cluster): Promise<void> {
  const { configuration, certificates } = cluster.folder;
  const key = await readFile(join(certificates, "encryption.key"), "utf8");
  const documents: Readonly<Record<string, object>> = {
    "audit-policy.yaml": auditPolicy(),
    "admission.yaml": admission(),
    "encryption.yaml": encryption(key),
    "kubelet.yaml": kubelet(cluster),
    "proxy.yaml": proxy(cluster),
    "scheduler.yaml": scheduler(cluster),
  };
  await mkdir(join(configuration, "cni"), { recursive: true });
  for (const [name, document] of Object.entries(documents)) {
    await writeFile(join(configuration, name), stringify(document), { mode: 0o600 });
  }
  await writeFile(join(configuration, "containerd.toml"), containerdConfiguration(cluster));
  await writeFile(join(configuration, "cni/10-ptp.conflist"), JSON.stringify(podNetwork(cluster)));
  // Names that the cluster does not know go to the platform's name server, which stands in the hub.
  await writeFile(join(configuration, "resolv.conf"), `nameserver ${cluster.instance.platformDns}\n`);
}

/** Every request is one line without bodies; only the endless reads of the cluster's own parts are left out. */
function auditPolicy(): object {
  return {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      {
        level: "None",
        userGroups: ["system:nodes", "system:serviceaccounts:kube-system"],
        verbs: ["get", "list", "watch"],
      },
      {
        level: "None",
        users: [
          "system:apiserver",
          "system:kube-proxy",
          "system:kube-scheduler",
          "system:kube-controller-manager",
        ],
        verbs: ["get", "list", "watch"],
      },
      {
        level: "None",
        nonResourceURLs: ["/healthz*", "/readyz*", "/livez*", "/openapi*", "/api*", "/version"],
      },
      { level: "Metadata" },
    ],
  };
}

/** Pods are held to the baseline standard where a namespace does not ask for more. */
function admission(): object {
  const configuration = {
    apiVersion: "pod-security.admission.config.k8s.io/v1",
    kind: "PodSecurityConfiguration",
    defaults: { enforce: "baseline", "enforce-version": "latest" },
    exemptions: { namespaces: ["kube-system"] },
  };
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: [{ name: "PodSecurity", configuration }],
  };
}

function kubelet({ plan, folder }: Cluster): object {
  const file = (name: string) => join(folder.certificates, name);
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: "0.0.0.0",
    tlsCertFile: file("kubelet-serving.crt"),
    tlsPrivateKeyFile: file("kubelet-serving.key"),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: file("ca.crt") },
    },
    authorization: { mode: "Webhook" },
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${plan.id}`,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    makeIPTablesUtilChains: false,
    clusterDomain: "cluster.local",
    clusterDNS: [plan.dns],
    resolvConf: join(folder.configuration, "resolv.conf"),
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
    // A changed ConfigMap must be in its pods within seconds: revocations travel so.
    syncFrequency: "5s",
    nodeStatusUpdateFrequency: "5s",
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "100Mi" },
    maxPods: 250,
    serializeImagePulls: false,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    healthzBindAddress: "127.0.0.1",
    shutdownGracePeriod: "0s",
  };
}

function proxy(cluster: Cluster): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clusterCIDR: cluster.plan.pods,
    clientConnection: { kubeconfig: userConfig(cluster, "proxy") },
    // The sysctls of a network namespace are read-only here.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    nftables: { syncPeriod: "30s", minSyncPeriod: "100ms" },
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
  };
}

function scheduler(cluster: Cluster): object {
  return {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    clientConnection: { kubeconfig: userConfig(cluster, "scheduler"), qps: 200, burst: 400 },
    leaderElection: { leaderElect: false },
  };
}

/** Pods are routed, not bridged: every packet passes the node's forward hook, where policies are enforced. */
function podNetwork({ plan }: Cluster): object {
  const ipam = {
    type: "host-local",
    dataDir: "/run/cni/networks",
    ranges: [[{ subnet: plan.podRange }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  return { cniVersion: "1.0.0", name: plan.id, plugins: [{ type: "ptp", mtu: 1500, ipMasq: false, ipam }] };
}
