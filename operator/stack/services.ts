import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { metadataOf, selectorOf } from "./metadata.ts";
import { absentFrom, type Stack } from "./stack.ts";

/** Names inside the stack and the ports behind them; a port's name is that of the container's port. */
const INTERNAL: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  postgres: { postgres: 5432 },
  "postgres-read": { postgres: 5432 },
  redis: { redis: 6379 },
  oauth: { internal: 8445 },
  consent: { internal: 8443 },
  banking: { internal: 8443 },
  events: { internal: 8443 },
  kafka: { kafka: 9092 },
  gateway: { api: 8443 },
};

/** The ways in from outside, all on 443: Service → component and the name of its port. */
export const ENTRANCES = {
  api: { component: "gateway", port: "api" },
  auth: { component: "oauth", port: "auth" },
  "mtls-auth": { component: "oauth", port: "mtls-auth" },
} as const;

/** Services of a stack: one per component inside it, three load balancers for the outside. */
export function services(chart: Chart, stack: Stack): void {
  const absent = absentFrom(stack);
  const present = Object.entries(INTERNAL).filter(([name]) => !absent.has(name));
  for (const [component, ports] of present)
    new k8s.KubeService(chart, `${component}-service`, {
      metadata: metadataOf(stack, component),
      spec: {
        type: "ClusterIP",
        selector: selectorOf(component),
        ports: Object.entries(ports).map(([name, port]) => servicePort(name, port)),
      },
    });
  for (const name of Object.keys(ENTRANCES) as (keyof typeof ENTRANCES)[]) entrance(chart, stack, name);
}

/** One way in from outside. */
export function entrance(chart: Chart, stack: Stack, name: keyof typeof ENTRANCES): void {
  const { component, port } = ENTRANCES[name];
  new k8s.KubeService(chart, `${name}-entrance`, {
    metadata: metadataOf(stack, component, name),
    spec: {
      type: "LoadBalancer",
      externalTrafficPolicy: "Cluster",
      selector: selectorOf(component),
      ports: [servicePort(port, 443)],
    },
  });
}

function servicePort(name: string, port: number): k8s.ServicePort {
  return { name, port, protocol: "TCP", targetPort: k8s.IntOrString.fromString(name) };
}
