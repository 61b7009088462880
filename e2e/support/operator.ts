import { until } from "../../local/wait.ts";
import type { KubeObject } from "../../kube/object.ts";
import { leases, pods } from "../../kube/resources.ts";
import type { Clusters } from "./clusters.ts";

const NAMESPACE = "wekeza-system";
const SELECTOR = "app.kubernetes.io/name=wekeza-operator";
const LEASE = { namespace: NAMESPACE, name: "wekeza-operator" };

interface Pod extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Names of the operator's pods that are not on their way out. */
export async function operatorPods({ clients }: Clusters): Promise<readonly string[]> {
  const { items } = await clients.hub.list(pods, { namespace: NAMESPACE, labelSelector: SELECTOR });
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name);
}

/** The pod that leads, by its Lease; undefined while nobody does. */
export async function leader(clusters: Clusters): Promise<string | undefined> {
  const lease = await clusters.clients.hub.get(leases, LEASE);
  const holder = lease?.spec?.holderIdentity ?? "";
  // The identity is the pod's name, perhaps with something that tells its processes apart.
  return (await operatorPods(clusters)).find((name) => holder.startsWith(name));
}

/** Waits until a pod other than these leads. @param timeout milliseconds. */
export function awaitLeaderOtherThan(
  clusters: Clusters,
  former: readonly string[],
  timeout: number,
): Promise<string> {
  return until(
    async () => {
      const name = await leader(clusters);
      return name !== undefined && !former.includes(name) ? name : undefined;
    },
    { timeout, every: 200, what: `another operator pod than ${former.join(", ")} to lead` },
  );
}

/** Ends a pod of the operator. `crash`: at once, as a node's loss does; else it may say goodbye. */
export async function endPod({ clients }: Clusters, name: string, how: "crash" | "stop"): Promise<void> {
  await clients.hub.delete(
    pods,
    { namespace: NAMESPACE, name },
    how === "crash" ? { gracePeriodSeconds: 0 } : {},
  );
}

/** Waits until both pods of the operator are ready. */
export async function awaitOperatorReady(clusters: Clusters): Promise<void> {
  await until(
    async () => {
      const { items } = await clusters.clients.hub.list(pods, {
        namespace: NAMESPACE,
        labelSelector: SELECTOR,
      });
      const ready = (items as readonly KubeObject[] as readonly Pod[]).filter(
        ({ status, metadata }) =>
          metadata.deletionTimestamp === undefined &&
          status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") ===
            true,
      );
      return ready.length >= 2;
    },
    { timeout: 90_000, every: 500, what: "two ready pods of the operator" },
  );
}

/** Sums of the leader's metrics, over all labels. */
export interface OperatorMetrics {
  readonly reconciled: number;
  readonly waiting: number;
  readonly working: number;
}

/** What the leader counts, under controller-runtime's names, read through the API server's proxy. */
export async function operatorMetrics({ clients }: Clusters, pod: string): Promise<OperatorMetrics> {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${pod}:9090/proxy/metrics`;
  const { body } = await clients.hub.raw({ method: "GET", path, accept: "text/plain", repeatable: true });
  const text = typeof body === "string" ? body : "";
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    );
  return {
    reconciled: sum("controller_runtime_reconcile_total"),
    waiting: sum("workqueue_depth"),
    working: sum("controller_runtime_active_workers"),
  };
}

/** How long the operator has to have nothing to do, in ms, before it counts as quiet. */
const QUIET = 5_000;

/**
 * Waits until the leader has reconciled at least so often, and then has had nothing to do for a while.
 *
 * @returns how often it has reconciled.
 */
export async function awaitQuiet(clusters: Clusters, pod: string, atLeast: number): Promise<number> {
  let since = performance.now();
  return until(
    async () => {
      const { reconciled, waiting, working } = await operatorMetrics(clusters, pod);
      // Looking again at fixed times is no work that was waiting, so the count may grow meanwhile.
      if (waiting > 0 || working > 0) since = performance.now();
      return reconciled >= atLeast && performance.now() - since >= QUIET ? reconciled : undefined;
    },
    { timeout: 120_000, every: 250, what: `${atLeast} reconciles and then ${QUIET / 1000} s of quiet` },
  );
}
