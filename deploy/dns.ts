import { conversation, defaultDeny } from "./network.ts";
import { configMap, labelsOf, type Manifest, namespace } from "./objects.ts";
import { deployment, temporary } from "./process.ts";
import { type HubSettings, NAMESPACE } from "./settings.ts";

/** Above 1023, so that no process needs a capability; the Service shows 53. */
const PORT = 1053;
/** Where CoreDNS tells its metrics. */
const METRICS = 9153;

/** Answers the zone from the operator's records, re-read every two seconds; unknown names are refused, not forwarded. */
function corefile(zone: string): string {
  return `${zone}:${PORT} {
  errors
  health :8080
  ready :8181
  prometheus :${METRICS}
  hosts /etc/wekeza-dns/hosts ${zone} {
    ttl 5
    reload 2s
    no_reverse
  }
  loadbalance
}
`;
}

/** The name server of the hub for the platform's zone. */
export function nameServer({ images, zone, nameServerAddress }: HubSettings): readonly Manifest[] {
  const [name, text] = ["coredns", corefile(zone)];
  return [
    namespace(NAMESPACE.dns),
    ...defaultDeny(NAMESPACE.dns, METRICS),
    conversation({
      namespace: NAMESPACE.dns,
      name,
      answers: [
        { port: PORT, protocol: "UDP" },
        { port: PORT, protocol: "TCP" },
      ],
    }),
    configMap(NAMESPACE.dns, "corefile", { Corefile: text }),
    ...deployment({
      namespace: NAMESPACE.dns,
      name,
      image: images.coredns,
      args: ["-conf", "/etc/coredns/Corefile"],
      replicas: 2,
      ports: {
        dns: { port: PORT, protocol: "UDP" },
        "dns-tcp": { port: PORT, protocol: "TCP" },
        health: { port: 8080 },
        ready: { port: 8181 },
      },
      probe: { live: "/health", ready: "/ready", readyPort: "ready" },
      mounts: [
        {
          volume: { name: "corefile", configMap: { name: "corefile", defaultMode: 0o444 } },
          mountPath: "/etc/coredns",
        },
        {
          // The operator makes it with the first group; until then no name is known.
          volume: { name: "records", configMap: { name: "records", defaultMode: 0o444, optional: true } },
          mountPath: "/etc/wekeza-dns",
        },
        temporary,
      ],
      configuration: text,
      memory: 96,
    }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "dns", namespace: NAMESPACE.dns, labels: labelsOf(name) },
      spec: {
        type: "LoadBalancer",
        ...(nameServerAddress === undefined ? {} : { loadBalancerIP: nameServerAddress }),
        selector: { "app.kubernetes.io/name": name },
        ports: [
          { name: "dns", port: 53, protocol: "UDP", targetPort: "dns" },
          { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: "dns-tcp" },
        ],
      },
    },
  ];
}
