import { join } from "node:path";
import { REPOSITORY } from "../paths.ts";
import { flags } from "../toolchain/flags.ts";
import { type User, userConfig } from "./certificates.ts";
import type { Cluster } from "./cluster.ts";

/** One program of a cluster that must always run. */
export interface Component {
  readonly name: string;
  readonly command: readonly string[];
  /** Started only once the API server is ready: it would end at once, or lose seconds in its own retries. */
  readonly afterApi: boolean;
}

const ETCD = "http://127.0.0.1:2379";

/** Everything that runs in a cluster outside of pods, in the order of starting. */
export function components(cluster: Cluster): readonly Component[] {
  const { folder, tools } = cluster;
  const kubernetes = (name: string, values: Parameters<typeof flags>[0], afterApi = true): Component => ({
    name,
    command: [join(tools.kubernetes, name), ...flags(values)],
    afterApi,
  });
  const configured = (name: string) => join(folder.configuration, name);
  return [
    kubernetes("etcd", etcdFlags(cluster), false),
    {
      name: "containerd",
      command: [join(tools.containers, "containerd"), "--config", configured("containerd.toml")],
      afterApi: false,
    },
    kubernetes("kube-apiserver", apiServerFlags(cluster), false),
    kubernetes("kube-controller-manager", controllerManagerFlags(cluster)),
    kubernetes("kube-scheduler", {
      config: configured("scheduler.yaml"),
      "bind-address": "127.0.0.1",
      profiling: false,
    }),
    kubernetes("kubelet", {
      config: configured("kubelet.yaml"),
      kubeconfig: userConfig(cluster, "node"),
      "hostname-override": cluster.plan.name,
      "node-ip": cluster.plan.node,
      "root-dir": "/var/lib/kubelet",
      "node-labels": nodeLabels(cluster),
    }),
    kubernetes("kube-proxy", { config: configured("proxy.yaml"), "hostname-override": cluster.plan.name }),
    controller(cluster, "volume-provisioner", "volumes", [
      folder.volumes,
      cluster.plan.name,
      folder.volumeKeys,
      tools.volumeKey,
    ]),
    controller(cluster, "load-balancer", "load-balancer", [cluster.plan.loadBalancers]),
    controller(cluster, "network-policy", "network-policy", [join(tools.containers, "nft")]),
  ];
}

function nodeLabels({ plan }: Cluster): string {
  return `topology.kubernetes.io/region=${plan.name},topology.kubernetes.io/zone=${plan.name}-a`;
}

/** One of our own controllers, run from the sources by the Node that runs this. */
function controller(cluster: Cluster, name: string, user: User, args: readonly string[]): Component {
  const program = join(REPOSITORY, `local/cluster/${name}.ts`);
  // Small heaps: the clusters are small, and there are nine of these processes.
  const node = [process.execPath, "--max-semi-space-size=1", "--max-old-space-size=128"];
  return { name, command: [...node, program, userConfig(cluster, user), ...args], afterApi: true };
}

function etcdFlags({ plan, folder }: Cluster): Parameters<typeof flags>[0] {
  const peer = "http://127.0.0.1:2380";
  return {
    name: plan.id,
    "data-dir": folder.etcd,
    "listen-client-urls": ETCD,
    "advertise-client-urls": ETCD,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `${plan.id}=${peer}`,
    // The clusters survive a killed process, not a power cut of the machine: waiting for the disk would cost half the speed.
    "unsafe-no-fsync": true,
    "quota-backend-bytes": 2 ** 31,
    "auto-compaction-retention": "10m",
    "log-level": "warn",
  };
}

function apiServerFlags({ plan, folder }: Cluster): Parameters<typeof flags>[0] {
  const file = (name: string) => join(folder.certificates, name);
  return {
    "etcd-servers": ETCD,
    "secure-port": 6443,
    "bind-address": "0.0.0.0",
    "advertise-address": plan.node,
    "tls-cert-file": file("apiserver.crt"),
    "tls-private-key-file": file("apiserver.key"),
    "client-ca-file": file("ca.crt"),
    "service-account-key-file": file("accounts.pub"),
    "service-account-signing-key-file": file("accounts.key"),
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "admission-control-config-file": join(folder.configuration, "admission.yaml"),
    "encryption-provider-config": join(folder.configuration, "encryption.yaml"),
    "audit-policy-file": join(folder.configuration, "audit-policy.yaml"),
    "audit-log-path": join(folder.logs, "audit.log"),
    "audit-log-mode": "blocking",
    "audit-log-maxsize": 200,
    "audit-log-maxbackup": 2,
    "service-cluster-ip-range": plan.services,
    "allow-privileged": true,
    "requestheader-client-ca-file": file("front.crt"),
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": file("front-client.crt"),
    "proxy-client-key-file": file("front-client.key"),
    "enable-aggregator-routing": true,
    "kubelet-client-certificate": file("kubelet-client.crt"),
    "kubelet-client-key": file("kubelet-client.key"),
    "kubelet-certificate-authority": file("ca.crt"),
    "kubelet-preferred-address-types": "InternalIP",
    profiling: false,
    "event-ttl": "30m",
  };
}

function controllerManagerFlags(cluster: Cluster): Parameters<typeof flags>[0] {
  const { plan, folder } = cluster;
  const config = userConfig(cluster, "controller-manager");
  const file = (name: string) => join(folder.certificates, name);
  return {
    kubeconfig: config,
    "authentication-kubeconfig": config,
    "authorization-kubeconfig": config,
    "service-account-private-key-file": file("accounts.key"),
    "root-ca-file": file("ca.crt"),
    "cluster-signing-cert-file": file("ca.crt"),
    "cluster-signing-key-file": file("ca.key"),
    "use-service-account-credentials": true,
    "leader-elect": false,
    "bind-address": "127.0.0.1",
    "allocate-node-cidrs": true,
    "cluster-cidr": plan.pods,
    "service-cluster-ip-range": plan.services,
    "node-cidr-mask-size": 24,
    // A node that is gone shall be seen as gone within the time a drill has.
    "node-monitor-grace-period": "20s",
    "kube-api-qps": 200,
    "kube-api-burst": 400,
    profiling: false,
  };
}
