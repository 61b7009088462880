import type { Addon } from "./addons.ts";

const META = { name: "metrics-server", namespace: "kube-system" };
const RBAC = "rbac.authorization.k8s.io";
const ACCOUNT = { kind: "ServiceAccount", ...META };

/** CPU and memory of pods and nodes, for autoscaling and `kubectl top`. */
export function metricsServerObjects(image: string): readonly Addon[] {
  const bind = (name: string, role: string): Addon => ({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects: [ACCOUNT],
  });
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: META },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: "system:metrics-server" },
      rules: [
        { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
        { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
      ],
    },
    bind("system:metrics-server", "system:metrics-server"),
    bind("metrics-server:system:auth-delegator", "system:auth-delegator"),
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name: "metrics-server-auth-reader", namespace: "kube-system" },
      roleRef: { apiGroup: RBAC, kind: "Role", name: "extension-apiserver-authentication-reader" },
      subjects: [ACCOUNT],
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: META,
      spec: {
        selector: { matchLabels: { "k8s-app": "metrics-server" } },
        template: { metadata: { labels: { "k8s-app": "metrics-server" } }, spec: pod(image) },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: META,
      spec: {
        selector: { "k8s-app": "metrics-server" },
        ports: [{ name: "https", port: 443, targetPort: "https" }],
      },
    },
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1beta1.metrics.k8s.io" },
      spec: {
        service: META,
        group: "metrics.k8s.io",
        version: "v1beta1",
        // It signs its own certificate at every start; the way there is the node's own network.
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    },
  ];
}

function pod(image: string): object {
  return {
    serviceAccountName: "metrics-server",
    priorityClassName: "system-cluster-critical",
    containers: [
      {
        name: "metrics-server",
        image,
        imagePullPolicy: "IfNotPresent",
        args: [
          "--cert-dir=/tmp",
          "--secure-port=10250",
          "--kubelet-preferred-address-types=InternalIP",
          "--kubelet-use-node-status-port",
          "--metric-resolution=10s",
          // Must lie below the resolution.
          "--kubelet-request-timeout=5s",
          "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        ],
        ports: [{ containerPort: 10250, name: "https" }],
        resources: { requests: { cpu: "10m", memory: "40Mi" } },
        readinessProbe: { httpGet: { path: "/readyz", port: "https", scheme: "HTTPS" }, periodSeconds: 2 },
        securityContext: {
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          runAsUser: 1000,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          seccompProfile: { type: "RuntimeDefault" },
        },
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
      },
    ],
    volumes: [{ name: "tmp", emptyDir: {} }],
  };
}
