/** The clusters of one instance, in the order of their numbers: the hub, and the regions Kenya and Europe. */
export const CLUSTER_NAMES = ["hub", "ke", "eu"] as const;
export type ClusterName = (typeof CLUSTER_NAMES)[number];

/**
 * Every address and kernel name of one instance. Nothing outside this file invents one.
 *
 * Instance I (0…11) owns the sixteen networks 10.B.0.0/16 with B from 64 + 16 I on:
 * B + 0 nodes (the host is .0.1, node N is .0.1N), B + N pods, B + 5 + N cluster services, B + 10 + N load balancers,
 * for cluster N in 1…3.
 */
export interface InstancePlan {
  readonly instance: number;
  /** The bridge all nodes hang on; also the prefix of every other link. */
  readonly bridge: string;
  /** The host's own address on the bridge. */
  readonly host: string;
  readonly nodes: string;
  /** Where the platform's own name server listens: a load balancer address of the hub. */
  readonly platformDns: string;
  readonly clusters: readonly ClusterPlan[];
}

/** Every address and kernel name of one cluster, which has one node. */
export interface ClusterPlan {
  readonly name: ClusterName;
  /** Unique on the machine, as "wk0-ke": host name, cgroup, and how its links begin. At most 15 characters as a link name. */
  readonly id: string;
  /** The host's end of the node's cable. */
  readonly link: string;
  /** The node's address; the API server listens there on port 6443. */
  readonly node: string;
  /** Fixed: else the others keep the old one in their ARP caches after a restart, and hear nothing for half a minute. */
  readonly mac: string;
  readonly pods: string;
  /** The part of {@link pods} that the one node gives out. */
  readonly podRange: string;
  readonly services: string;
  readonly apiService: string;
  readonly dns: string;
  readonly loadBalancers: string;
  /** As "https://10.64.0.11:6443". */
  readonly server: string;
}

/** Instances 0 to 11 fit into 10.64.0.0 – 10.255.255.255. */
const LAST_INSTANCE = 11;

/** The plan of an instance. @throws RangeError for a number outside 0…11. */
export function planOf(instance: number): InstancePlan {
  if (!Number.isInteger(instance) || instance < 0 || instance > LAST_INSTANCE) {
    throw noInstance(String(instance));
  }
  const base = 64 + 16 * instance;
  return {
    instance,
    bridge: `wk${instance}`,
    host: `10.${base}.0.1`,
    nodes: `10.${base}.0.0/24`,
    platformDns: `10.${base + 11}.0.53`,
    clusters: CLUSTER_NAMES.map((name, index) => clusterPlan(instance, base, name, index + 1)),
  };
}

function clusterPlan(instance: number, base: number, name: ClusterName, number: number): ClusterPlan {
  const [pods, services, balancers] = [base + number, base + 5 + number, base + 10 + number];
  const node = `10.${base}.0.${10 + number}`;
  return {
    name,
    id: `wk${instance}-${name}`,
    link: `wk${instance}-${name}`,
    node,
    mac: `02:00:0a:${base.toString(16)}:00:${10 + number}`,
    pods: `10.${pods}.0.0/16`,
    podRange: `10.${pods}.0.0/24`,
    services: `10.${services}.0.0/16`,
    apiService: `10.${services}.0.1`,
    dns: `10.${services}.0.10`,
    loadBalancers: `10.${balancers}.0.0/16`,
    server: `https://${node}:6443`,
  };
}

/** The instance a person chose by WEKEZA_INSTANCE; 0 when they did not. @throws RangeError as {@link planOf}. */
export function instanceOf(environment: NodeJS.ProcessEnv): number {
  const given = environment["WEKEZA_INSTANCE"] || "0";
  if (!/^\d+$/.test(given)) throw noInstance(given);
  return planOf(Number(given)).instance;
}

function noInstance(given: string): RangeError {
  return new RangeError(`WEKEZA_INSTANCE is ${given}; it must be a whole number from 0 to ${LAST_INSTANCE}`);
}
