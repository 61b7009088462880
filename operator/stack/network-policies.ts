import { isIPv4 } from "node:net";
import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { STACK_LABEL } from "../csr/names.ts";
import { metadataOf, selectorOf } from "./metadata.ts";
import { HEALTH_PORT } from "./pod.ts";
import { asksStore, type BankSystem, type Service, SERVICES, type Stack } from "./stack.ts";

/** A conversation that is allowed: who opens it, with whom, on which ports. All else is dropped, both ways. */
interface Flow {
  /** Components, or `anyone`: partners and browsers, from outside the cluster. */
  readonly from: readonly string[] | "anyone";
  readonly to: string;
  readonly ports: readonly number[];
}

/** Every conversation of a stack, but names (DNS) and the API server. */
export const FLOWS: readonly Flow[] = [
  { from: "anyone", to: "gateway", ports: [8443] },
  { from: "anyone", to: "oauth", ports: [8443, 8444] },
  { from: ["gateway", "consent"], to: "oauth", ports: [8445] },
  { from: ["gateway", "oauth", "banking"], to: "consent", ports: [8443] },
  { from: ["gateway", "oauth"], to: "banking", ports: [8443] },
  { from: ["gateway"], to: "events", ports: [8443] },
  { from: ["events"], to: "kafka", ports: [9092] },
  {
    from: ["oauth", "consent", "banking", "events", "audit", "migrate", "seed"],
    to: "postgres",
    ports: [5432],
  },
  { from: ["gateway", "oauth", "consent", "banking"], to: "redis", ports: [6379] },
];

/** Those of a stack that has read replicas, beside {@link FLOWS}. */
const REPLICA_FLOWS: readonly Flow[] = [
  { from: ["postgres-read"], to: "postgres", ports: [5432] },
  { from: ["banking"], to: "postgres-read", ports: [5432] },
];

const COMPONENTS = [
  "postgres",
  "redis",
  "oauth",
  "consent",
  "banking",
  "events",
  "audit",
  "gateway",
  "keys",
  "migrate",
  "seed",
];

/** Network policies of a stack: nothing by default, then one policy per component with exactly its flows. */
export function networkPolicies(chart: Chart, stack: Stack): void {
  const policy = policiesOf(chart, stack);
  inEveryNamespace(policy, stack);
  policy("webhooks", {
    podSelector: { matchLabels: selectorOf("events") },
    policyTypes: ["Egress"],
    egress: receivers(stack),
  });
  for (const [name, caller] of BANK_SYSTEMS) {
    const system = stack[name];
    if (system)
      policy(name, {
        podSelector: { matchLabels: selectorOf(caller) },
        policyTypes: ["Egress"],
        egress: [wayTo(system)],
      });
  }
  for (const caller of SERVICES) wayToStore(policy, stack, caller);
  const from = (component: string): k8s.NetworkPolicyPeer =>
    component === "gateway" && (stack.dedicated?.length ?? 0) > 0 ? anyGatewayOf(stack) : peer(component);
  const flows = stack.readReplicas ? [...FLOWS, ...REPLICA_FLOWS] : FLOWS;
  const components = [
    ...COMPONENTS,
    ...(stack.kafka ? ["kafka"] : []),
    ...(stack.readReplicas ? ["postgres-read"] : []),
  ];
  for (const component of components)
    policy(component, conversationsOf(component, { flows, from, to: peer }));
}

/** Network policies of a partner's own gateways: those of the group's, towards the services of their stack. */
export function gatewayNetworkPolicies(chart: Chart, stack: Stack, home: string): void {
  const policy = policiesOf(chart, stack);
  inEveryNamespace(policy, stack);
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": home } };
  const to = (component: string) => ({ namespaceSelector, ...peer(component) });
  wayToStore(policy, stack, "gateway");
  policy("gateway", conversationsOf("gateway", { flows: FLOWS, from: peer, to }));
}

type AddPolicy = (name: string, spec: k8s.NetworkPolicySpec) => void;

const policiesOf =
  (chart: Chart, stack: Stack): AddPolicy =>
  (name, spec) => {
    new k8s.KubeNetworkPolicy(chart, `policy-${name}`, { metadata: metadataOf(stack, name), spec });
  };

function inEveryNamespace(policy: AddPolicy, stack: Stack): void {
  policy("default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  policy("dns", {
    podSelector: {},
    policyTypes: ["Egress"],
    egress: [{ to: [clusterDns], ports: [port(53, "UDP"), port(53, "TCP")] }],
  });
  policy("metrics", {
    podSelector: {},
    policyTypes: ["Ingress"],
    ingress: [{ from: [scraper], ports: [port(HEALTH_PORT)] }],
  });
  // Every process asks for its certificate or reads its configuration there.
  policy("api-server", {
    podSelector: {},
    policyTypes: ["Egress"],
    egress: stack.apiServer.map(({ cidr, port: number }) => ({
      to: [{ ipBlock: { cidr } }],
      ports: [port(number)],
    })),
  });
}

/** Who speaks with whom, and how callers and called are found. */
interface Peers {
  readonly flows: readonly Flow[];
  readonly from: (component: string) => k8s.NetworkPolicyPeer;
  readonly to: (component: string) => k8s.NetworkPolicyPeer;
}

function conversationsOf(
  component: string,
  { flows, from: caller, to: called }: Peers,
): k8s.NetworkPolicySpec {
  const ingress = flows
    .filter(({ to }) => to === component)
    .map(({ from, ports }) => ({
      ...(from === "anyone" ? {} : { from: from.map(caller) }),
      ports: ports.map((number) => port(number)),
    }));
  const egress = flows
    .filter(({ from }) => from !== "anyone" && from.includes(component))
    .map(({ to, ports }) => ({ to: [called(to)], ports: ports.map((number) => port(number)) }));
  return {
    podSelector: { matchLabels: selectorOf(component) },
    policyTypes: ["Ingress", "Egress"],
    ...(ingress.length > 0 ? { ingress } : {}),
    ...(egress.length > 0 ? { egress } : {}),
  };
}

/** Networks that no webhook is in: the service looks again, with the whole list. */
const INSIDE = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
];

/** Where webhooks may be: on the Internet, and at the private addresses that a sandbox names. */
function receivers({ webhooks }: Stack): k8s.NetworkPolicyEgressRule[] {
  return [
    { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: [...INSIDE] } }], ports: [port(443)] },
    ...webhooks.privateHosts
      .filter((host) => isIPv4(host))
      .map((address) => ({ to: [{ ipBlock: { cidr: `${address}/32` } }] })),
  ];
}

/** Systems of the bank's own, and which service alone calls each. */
const BANK_SYSTEMS = [
  ["channels", "oauth"],
  ["core", "banking"],
  ["fraud", "banking"],
  ["scheme", "banking"],
] as const;

/** A network policy knows no names: where no networks are given, the certificate alone says who answers. */
function wayTo({ url, networks }: BankSystem): k8s.NetworkPolicyEgressRule {
  const to = networks?.map((cidr) => ({ ipBlock: { cidr } }));
  return { ...(to ? { to } : {}), ports: [port(Number(new URL(url).port || 443))] };
}

/** Of a service that asks the store of its key, there and nowhere else. */
function wayToStore(policy: AddPolicy, stack: Stack, caller: Service): void {
  if (!stack.keyStore || !asksStore(stack, caller)) return;
  const { openBao } = stack.keyStore;
  policy(`key-store-${caller}`, {
    podSelector: { matchLabels: selectorOf(caller) },
    policyTypes: ["Egress"],
    egress: [wayTo({ ...openBao, url: openBao.address })],
  });
}

const clusterDns: k8s.NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
  podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
};

/** Pods of a namespace that an administrator marked, in the words of deploy/network.ts. */
const scraper: k8s.NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: { "openbanking.wekeza.io/reads-metrics": "true" } },
};

const peer = (component: string): k8s.NetworkPolicyPeer => ({
  podSelector: { matchLabels: selectorOf(component) },
});

/** The group's gateways and those of single partners, by the label that the operator gives their namespaces. */
const anyGatewayOf = ({ group }: Stack): k8s.NetworkPolicyPeer => ({
  namespaceSelector: { matchLabels: { [STACK_LABEL]: group } },
  ...peer("gateway"),
});

const port = (number: number, protocol = "TCP"): k8s.NetworkPolicyPort => ({
  port: k8s.IntOrString.fromNumber(number),
  protocol,
});
