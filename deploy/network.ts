import { labelsOf, type Manifest } from "./objects.ts";
import { ANY_API_SERVER, type ApiServerAddress } from "./settings.ts";

/** Label of a namespace whose pods may read metrics; only who may label namespaces can give it. */
export const SCRAPER = { "openbanking.wekeza.io/reads-metrics": "true" } as const;

/** Who a process speaks with. */
export interface Conversation {
  readonly namespace: string;
  readonly name: string;
  /** API servers it calls. */
  readonly calls?: readonly ApiServerAddress[];
  /** Ports that anyone may reach. */
  readonly answers?: readonly { readonly port: number; readonly protocol: "TCP" | "UDP" }[];
}

/**
 * Nothing enters or leaves a namespace but what another policy allows. Its metrics may be read from namespaces that an
 * administrator marks: {@link SCRAPER}.
 */
export function defaultDeny(namespace: string, metricsPort = 9090): readonly Manifest[] {
  return [
    policy(namespace, "default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
    policy(namespace, "metrics", {
      podSelector: {},
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: SCRAPER } }],
          ports: [{ port: metricsPort, protocol: "TCP" }],
        },
      ],
    }),
  ];
}

/** Allows a process its conversations, and the cluster's names when it calls anyone. */
export function conversation({ namespace, name, calls = [], answers = [] }: Conversation): Manifest {
  const egress = [
    ...(calls.length > 0 ? [CLUSTER_DNS] : []),
    ...calls.map(({ cidr, port }) => ({ to: [{ ipBlock: { cidr } }], ports: [{ port, protocol: "TCP" }] })),
  ];
  return policy(namespace, name, {
    podSelector: { matchLabels: { "app.kubernetes.io/name": name } },
    policyTypes: ["Ingress", "Egress"],
    ...(answers.length > 0 ? { ingress: [{ ports: answers }] } : {}),
    ...(egress.length > 0 ? { egress } : {}),
  });
}

/** The API server of the own cluster. */
export function ownApiServer(
  addresses: readonly ApiServerAddress[] | undefined,
): readonly ApiServerAddress[] {
  return addresses ?? ANY_API_SERVER;
}

const CLUSTER_DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ],
};

function policy(namespace: string, name: string, spec: object): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace, labels: labelsOf(name) },
    spec,
  };
}
