import { expect, test } from "vitest";
import type { NetworkedPod, NetworkPolicy } from "./policy.ts";
import { policyRules } from "./policy-rules.ts";

function pod(namespace: string, name: string, podIP: string, labels: Record<string, string>): NetworkedPod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: {
      containers: [
        {
          ports: [
            { name: "http", containerPort: 8080 },
            { name: "admin", containerPort: 9000 },
          ],
        },
      ],
    },
    status: { podIP, phase: "Running" },
  };
}
function policy(spec: NetworkPolicy["spec"]): NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "p", namespace: "bank" },
    spec,
  };
}

const namespaces = ["bank", "kube-system"].map((name) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
}));
const pods = [
  pod("bank", "gateway", "10.65.0.2", { app: "gateway" }),
  pod("bank", "banking", "10.65.0.3", { app: "banking" }),
  pod("kube-system", "coredns", "10.65.0.4", { "k8s-app": "kube-dns" }),
];
const banking = { podSelector: { matchLabels: { app: "banking" } } };
const dns = {
  to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
} as const;

test.each<{ readonly name: string; readonly policies: readonly NetworkPolicy[] }>([
  { name: "no-policy", policies: [] },
  { name: "deny-all", policies: [policy({ podSelector: {}, policyTypes: ["Ingress", "Egress"] })] },
  {
    name: "one-caller-and-dns",
    policies: [
      policy({
        ...banking,
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: "gateway" } } }], ports: [{ port: "http" }] },
        ],
        egress: [dns],
      }),
    ],
  },
  {
    name: "blocks-and-ranges",
    policies: [
      policy({
        ...banking,
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.65.0.0/16"] } }],
            ports: [{ port: 8000, endPort: 8100 }],
          },
          { ports: [{ port: 443 }, { port: "nobody-has-this-name" }] },
        ],
      }),
    ],
  },
  {
    name: "named-port-of-the-called-pod",
    policies: [
      policy({
        ...banking,
        policyTypes: ["Egress"],
        egress: [{ to: [{ podSelector: {} }], ports: [{ port: "admin" }] }],
      }),
    ],
  },
])("the rules of $name", async ({ name, policies }) => {
  await expect(policyRules({ pods, namespaces, policies })).toMatchFileSnapshot(`golden/${name}.nft`);
});

test("an address that two pods have belongs to the younger one, because nftables takes it only once", () => {
  const [gateway, banking, dnsPod] = pods as [NetworkedPod, NetworkedPod, NetworkedPod];
  const going = { ...gateway, metadata: { ...gateway.metadata, creationTimestamp: "2026-01-01T00:00:00Z" } };
  const coming = {
    ...banking,
    metadata: { ...banking.metadata, creationTimestamp: "2026-01-02T00:00:00Z" },
    status: { podIP: "10.65.0.2", phase: "Running" },
  };
  const only = policy({ podSelector: { matchLabels: { app: "banking" } } });
  const rules = policyRules({ pods: [coming, going, dnsPod], namespaces, policies: [only] });
  expect(rules.match(/10\.65\.0\.2 : goto/g)).toHaveLength(1);
});

test("a finished pod's address is nobody's, because the next pod may have it", () => {
  const [gateway, ...rest] = pods;
  const finished = { ...(gateway as NetworkedPod), status: { podIP: "10.65.0.2", phase: "Succeeded" } };
  const rules = policyRules({
    pods: [finished, ...rest],
    namespaces,
    policies: [policy({ podSelector: {} })],
  });
  expect(rules).not.toContain("10.65.0.2");
});
