import type { ClusterPlan, InstancePlan } from "../address-plan.ts";
import type { Addon } from "./addons.ts";

const META = { name: "coredns", namespace: "kube-system" };
const RBAC = "rbac.authorization.k8s.io";

/** The zone that the platform's own name server in the hub answers for, in every cluster. */
const PLATFORM_ZONE = "openbanking.test";

/** Cluster DNS. Answers live five seconds, so that a failover is seen soon. */
export function corednsObjects(
  { platformDns }: InstancePlan,
  { dns }: ClusterPlan,
  image: string,
): readonly Addon[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: META },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: "system:coredns" },
      rules: [
        { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "system:coredns" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "system:coredns" },
      subjects: [{ kind: "ServiceAccount", ...META }],
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: META, data: { Corefile: corefile(platformDns) } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { ...META, labels: { "k8s-app": "kube-dns" } },
      spec: {
        replicas: 1,
        selector: { matchLabels: { "k8s-app": "kube-dns" } },
        template: { metadata: { labels: { "k8s-app": "kube-dns" } }, spec: pod(image) },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: "kube-system" },
      spec: {
        clusterIP: dns,
        selector: { "k8s-app": "kube-dns" },
        ports: [
          { name: "dns", port: 53, protocol: "UDP" },
          { name: "dns-tcp", port: 53, protocol: "TCP" },
        ],
      },
    },
  ];
}

function corefile(platformDns: string): string {
  return `.:53 {
    errors
    health {
        lameduck 1s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    prometheus :9153
    cache 5
    loop
    reload 5s
    loadbalance
}
${PLATFORM_ZONE}:53 {
    errors
    forward . ${platformDns} {
        max_fails 0
    }
    cache 1
}
`;
}

function pod(image: string): object {
  return {
    serviceAccountName: "coredns",
    dnsPolicy: "Default",
    priorityClassName: "system-cluster-critical",
    containers: [
      {
        name: "coredns",
        image,
        imagePullPolicy: "IfNotPresent",
        args: ["-conf", "/etc/coredns/Corefile"],
        resources: { requests: { cpu: "10m", memory: "32Mi" } },
        securityContext: {
          runAsUser: 0,
          allowPrivilegeEscalation: false,
          capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
          readOnlyRootFilesystem: true,
        },
        ports: [
          { containerPort: 53, protocol: "UDP", name: "dns" },
          { containerPort: 53, protocol: "TCP", name: "dns-tcp" },
        ],
        readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
        livenessProbe: { httpGet: { path: "/health", port: 8080 }, initialDelaySeconds: 20 },
        volumeMounts: [{ name: "configuration", mountPath: "/etc/coredns" }],
      },
    ],
    volumes: [{ name: "configuration", configMap: { name: "coredns" } }],
  };
}
