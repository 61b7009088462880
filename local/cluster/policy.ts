import type { KubeObject } from "../../kube/object.ts";

/** A label selector of the Kubernetes API. Empty selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?:
    | readonly {
        readonly key: string;
        readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
        readonly values?: readonly string[] | undefined;
      }[]
    | undefined;
}

/** Who is at the other end (networking.k8s.io/v1, NetworkPolicyPeer). */
export interface Peer {
  readonly podSelector?: LabelSelector | undefined;
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] | undefined } | undefined;
}

export interface PolicyPort {
  readonly protocol?: "TCP" | "UDP" | "SCTP" | undefined;
  /** A number, or the name of a container's port. */
  readonly port?: number | string | undefined;
  readonly endPort?: number | undefined;
}

export interface NetworkPolicy extends KubeObject {
  readonly spec: {
    readonly podSelector?: LabelSelector | undefined;
    readonly policyTypes?: readonly ("Ingress" | "Egress")[] | undefined;
    readonly ingress?:
      | readonly {
          readonly from?: readonly Peer[] | undefined;
          readonly ports?: readonly PolicyPort[] | undefined;
        }[]
      | undefined;
    readonly egress?:
      | readonly {
          readonly to?: readonly Peer[] | undefined;
          readonly ports?: readonly PolicyPort[] | undefined;
        }[]
      | undefined;
  };
}

/** A pod, as far as the network goes. */
export interface NetworkedPod extends KubeObject {
  readonly spec: {
    readonly hostNetwork?: boolean | undefined;
    readonly containers?:
      | readonly {
          readonly ports?:
            | readonly {
                readonly name?: string | undefined;
                readonly containerPort: number;
                readonly protocol?: string | undefined;
              }[]
            | undefined;
        }[]
      | undefined;
  };
  readonly status?: { readonly podIP?: string | undefined; readonly phase?: string | undefined };
}

/** Everything that decides which packet may pass. */
export interface NetworkWorld {
  readonly pods: readonly NetworkedPod[];
  readonly namespaces: readonly KubeObject[];
  readonly policies: readonly NetworkPolicy[];
}

/** One way that is open: to or from these addresses, on these ports. */
export interface Opening {
  /** Single addresses; undefined: `block` decides, and without that everybody. */
  readonly addresses?: readonly string[];
  readonly block?: { readonly cidr: string; readonly except?: readonly string[] | undefined };
  /** Undefined: every port of every protocol. */
  readonly ports?: readonly { readonly protocol: string; readonly port: string }[];
}

/** What may come in to, or go out of, a pod that some policy isolates. */
export interface Isolation {
  readonly address: string;
  readonly openings: readonly Opening[];
}

/** The pods that policies isolate in one direction, with what is still open, in the order of their addresses. */
export function isolations(world: NetworkWorld, direction: "Ingress" | "Egress"): readonly Isolation[] {
  // For a moment two pods can have one address: one that goes and one that comes. It is the younger one's.
  const holders = new Map(world.pods.toSorted(byAge).map((pod) => [addressOf(pod), pod]));
  return [...holders]
    .flatMap(([address, pod]) => {
      const policies = world.policies.filter(
        (policy) => selects(policy, pod) && typesOf(policy).includes(direction),
      );
      if (address === undefined || policies.length === 0) return [];
      return [{ address, openings: policies.flatMap((policy) => openingsOf(policy, direction, pod, world)) }];
    })
    .toSorted((one, other) => (one.address < other.address ? -1 : 1));
}

function openingsOf(
  policy: NetworkPolicy,
  direction: "Ingress" | "Egress",
  pod: NetworkedPod,
  world: NetworkWorld,
): readonly Opening[] {
  const rules =
    direction === "Ingress"
      ? (policy.spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
      : (policy.spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
  return rules.flatMap(({ peers, ports }) => {
    const blocks = (peers ?? []).flatMap(({ ipBlock }) => (ipBlock ? [ipBlock] : []));
    const pods = world.pods.filter((other) => peers?.some((peer) => isPeer(peer, other, policy, world)));
    // A name of a port means the port of the pod that is called.
    const toOwn = portsOf(ports, pod);
    const everybody = peers === undefined || peers.length === 0;
    if (direction === "Ingress") {
      const addresses = pods.flatMap((each) => addressOf(each) ?? []).toSorted();
      return [
        ...(everybody ? [open({}, toOwn)] : []),
        ...(addresses.length > 0 ? [open({ addresses }, toOwn)] : []),
        ...blocks.map((block) => open({ block }, toOwn)),
      ].filter(({ ports: some }) => some === undefined || some.length > 0);
    }
    const named = ports?.some(({ port }) => typeof port === "string") === true;
    const called = everybody ? world.pods : pods;
    const numbered = portsOf(ports?.filter(({ port }) => typeof port !== "string"));
    const addresses = pods.flatMap((each) => addressOf(each) ?? []).toSorted();
    return [
      ...(everybody ? [open({}, numbered)] : []),
      ...(addresses.length > 0 ? [open({ addresses }, numbered)] : []),
      ...blocks.map((block) => open({ block }, numbered)),
      ...(named ? called.flatMap((each) => namedOpening(each, ports)) : []),
    ].filter(({ ports: some }) => some === undefined || some.length > 0);
  });
}

function namedOpening(pod: NetworkedPod, ports: readonly PolicyPort[] | undefined): readonly Opening[] {
  const address = addressOf(pod);
  const own = portsOf(
    ports?.filter(({ port }) => typeof port === "string"),
    pod,
  );
  return address === undefined ? [] : [open({ addresses: [address] }, own)];
}

function open(peer: Omit<Opening, "ports">, ports: Opening["ports"]): Opening {
  return ports === undefined ? peer : { ...peer, ports };
}

/** Ports in nftables' words; names are looked up in `pod`. Undefined when the rule names no port. */
function portsOf(ports: readonly PolicyPort[] | undefined, pod?: NetworkedPod): Opening["ports"] {
  if (ports === undefined) return undefined;
  return ports.flatMap(({ protocol = "TCP", port, endPort }) => {
    const low = protocol.toLowerCase();
    if (port === undefined) return [{ protocol: low, port: "0-65535" }];
    if (typeof port === "number")
      return [{ protocol: low, port: endPort === undefined ? String(port) : `${port}-${endPort}` }];
    const own = pod?.spec.containers?.flatMap((container) => container.ports ?? []) ?? [];
    return own
      .filter((each) => each.name === port && (each.protocol ?? "TCP") === protocol)
      .map(({ containerPort }) => ({ protocol: low, port: String(containerPort) }));
  });
}

function isPeer(peer: Peer, pod: NetworkedPod, policy: NetworkPolicy, { namespaces }: NetworkWorld): boolean {
  if (peer.podSelector === undefined && peer.namespaceSelector === undefined) return false;
  if (peer.podSelector !== undefined && !matches(peer.podSelector, pod)) return false;
  if (peer.namespaceSelector === undefined) return pod.metadata.namespace === policy.metadata.namespace;
  const namespace = namespaces.find(({ metadata }) => metadata.name === pod.metadata.namespace);
  return namespace !== undefined && matches(peer.namespaceSelector, namespace);
}

function selects({ metadata, spec }: NetworkPolicy, pod: NetworkedPod): boolean {
  return metadata.namespace === pod.metadata.namespace && matches(spec.podSelector ?? {}, pod);
}

/** The API server fills in the types of a policy that names none: Ingress always, Egress when it has such rules. */
function typesOf({ spec }: NetworkPolicy): readonly string[] {
  return spec.policyTypes ?? (spec.egress === undefined ? ["Ingress"] : ["Ingress", "Egress"]);
}

/** The address of a pod that has one of its own and still uses it. */
function addressOf({ spec, status }: NetworkedPod): string | undefined {
  if (spec.hostNetwork === true || status?.phase === "Succeeded" || status?.phase === "Failed")
    return undefined;
  return status?.podIP || undefined;
}

function byAge(one: KubeObject, other: KubeObject): number {
  return (one.metadata.creationTimestamp ?? "") < (other.metadata.creationTimestamp ?? "") ? -1 : 1;
}

/** Whether an object's labels are what a selector asks for. */
export function matches(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  { metadata }: KubeObject,
): boolean {
  const labels = metadata.labels ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
      }
    })
  );
}
