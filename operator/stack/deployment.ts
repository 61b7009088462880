import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { configMap } from "./configuration.ts";
import { metadataOf, selectorOf } from "./metadata.ts";
import { configuration, type Mount, redisPassword, serviceCa, temporary } from "./mount.ts";
import { podTemplate } from "./pod.ts";
import type { Service, Sizes, Stack } from "./stack.ts";

/** What one service has that the others have not. */
export interface ServiceDefinition {
  readonly name: Service;
  readonly sizes: Sizes;
  readonly ports: Readonly<Record<string, number>>;
  readonly mounts: readonly Mount[];
  /** Whether it uses Redis. Default true. */
  readonly redis?: boolean;
  /** Upper bound of memory, in MiB. */
  readonly memory: number;
}

/** Seconds from SIGTERM to the end: a service goes on answering until endpoints have followed, then drains. */
const GRACE = 30;

/** CPU per pod at which a service gets one more, in millicores: absolute, because the reserve is far below real work. */
const BUSY = "700m";

/**
 * A service: its configuration, Deployment, disruption budget and autoscaler.
 *
 * The Deployment says nothing of `replicas`: those are the autoscaler's.
 */
export function service(chart: Chart, stack: Stack, definition: ServiceDefinition): void {
  const { name, sizes } = definition;
  configMap(chart, stack, name);
  new k8s.KubeDeployment(chart, name, {
    metadata: metadataOf(stack, name),
    spec: {
      selector: { matchLabels: selectorOf(name) },
      revisionHistoryLimit: 3,
      // What is given up after it was upgraded is judged by this: sooner, a node that fetches slowly would undo what is good.
      // Until then the pods before it serve.
      progressDeadlineSeconds: 600,
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: {
          maxUnavailable: k8s.IntOrString.fromNumber(0),
          maxSurge: k8s.IntOrString.fromNumber(1),
        },
      },
      template: podTemplate(stack, {
        component: name,
        account: name,
        graceSeconds: GRACE,
        restartPolicy: "Always",
        serves: true,
        processes: [
          {
            name,
            image: stack.images.wekeza,
            command: ["node", `runtime/${name}/main.ts`],
            ports: definition.ports,
            mounts: [
              configuration(name),
              serviceCa,
              ...definition.mounts,
              ...(definition.redis === false ? [] : [redisPassword(name)]),
              temporary,
            ],
            memory: definition.memory,
            health: true,
          },
        ],
      }),
    },
  });
  new k8s.KubePodDisruptionBudget(chart, `${name}-budget`, {
    metadata: metadataOf(stack, name),
    spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: selectorOf(name) } },
  });
  new k8s.KubeHorizontalPodAutoscalerV2(chart, `${name}-autoscaler`, {
    metadata: metadataOf(stack, name),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas: sizes.minReplicas,
      maxReplicas: sizes.maxReplicas,
      metrics: [
        {
          type: "Resource",
          resource: {
            name: "cpu",
            target: { type: "AverageValue", averageValue: k8s.Quantity.fromString(BUSY) },
          },
        },
      ],
    },
  });
}
