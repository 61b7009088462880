import type { Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";

import type { QueueObserver } from "./queue.ts";
import type { RequestOutcome } from "./transport-request.ts";

/** Buckets of controller-runtime's reconcile histogram, in seconds. */
const RECONCILE = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const QUEUE = Array.from({ length: 12 }, (_, power) => 10 ** (power - 8));
const REQUEST = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** What a reconcile came to, as controller-runtime counts it. */
export type ReconcileResult = "success" | "error" | "requeue" | "requeue_after";

/** The metrics of one controller. */
export interface ControllerMetrics {
  readonly queue: QueueObserver;
  reconciled(result: ReconcileResult, seconds: number): void;
  terminal(): void;
  panicked(): void;
  timedOut(): void;
  workers(active: number, most: number): void;
  /** Called at every scrape. */
  onScrape(
    read: () => { readonly depth: number; readonly unfinished: number; readonly longest: number },
  ): void;
}

/** The kit's metrics, under the names that controller-runtime and client-go gave them. */
export interface KitMetrics {
  request(outcome: RequestOutcome): void;
  /** For `Clusters`' `onStale`. */
  stale(resource: { readonly kind: string }): void;
  leading(name: string, leads: boolean): void;
  controller(name: string): ControllerMetrics;
}

/** Registers the kit's metrics once in a registry. No label carries the name of an object. */
export function kitMetrics(registry: Registry): KitMetrics {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[],
  ): Histogram<L> => new Histogram({ name, help, labelNames, registers, buckets: [...buckets] });

  const requests = counter("rest_client_requests_total", "Requests to API servers.", [
    "code",
    "method",
    "host",
  ]);
  const requestTime = histogram(
    "rest_client_request_duration_seconds",
    "Time until an API server answered.",
    ["verb", "host"],
    REQUEST,
  );
  const retries = counter("rest_client_request_retries_total", "Requests sent again.", [
    "code",
    "verb",
    "host",
  ]);
  const skipped = counter("stale_sync_skips_total", "News left out because it was older than an own write.", [
    "kind",
  ]);
  const leader = gauge("leader_election_master_status", "1 while this process leads.", ["name"]);
  const queueLabels = ["name", "controller"] as const;
  const scrapes: (() => void)[] = [];
  const depth = new Gauge({
    name: "workqueue_depth",
    help: "Keys ready to be worked on.",
    labelNames: ["name", "controller", "priority"],
    registers,
    collect: () => scrapes.forEach((scrape) => scrape()),
  });
  const adds = counter("workqueue_adds_total", "Keys added.", queueLabels);
  const waited = histogram("workqueue_queue_duration_seconds", "Time a key waited.", queueLabels, QUEUE);
  const worked = histogram(
    "workqueue_work_duration_seconds",
    "Time a key was worked on.",
    queueLabels,
    QUEUE,
  );
  const unfinished = gauge(
    "workqueue_unfinished_work_seconds",
    "Sum of the time of work in progress.",
    queueLabels,
  );
  const longest = gauge(
    "workqueue_longest_running_processor_seconds",
    "Longest work in progress.",
    queueLabels,
  );
  const delayed = counter("workqueue_retries_total", "Keys added with a delay.", queueLabels);
  const total = counter("controller_runtime_reconcile_total", "Reconciles.", ["controller", "result"]);
  const errors = counter("controller_runtime_reconcile_errors_total", "Reconciles that failed.", [
    "controller",
  ]);
  const terminals = counter(
    "controller_runtime_terminal_reconcile_errors_total",
    "Reconciles that failed for good.",
    ["controller"],
  );
  const panics = counter("controller_runtime_reconcile_panics_total", "Unexpected throws.", ["controller"]);
  const timeouts = counter("controller_runtime_reconcile_timeouts_total", "Reconciles over their time.", [
    "controller",
  ]);
  const time = histogram(
    "controller_runtime_reconcile_time_seconds",
    "Time per reconcile.",
    ["controller"],
    RECONCILE,
  );
  const most = gauge("controller_runtime_max_concurrent_reconciles", "Workers.", ["controller"]);
  const active = gauge("controller_runtime_active_workers", "Workers at work.", ["controller"]);

  return {
    request({ verb, method, host, code, seconds, retried }) {
      requests.inc({ code, method, host });
      if (verb !== "watch") requestTime.observe({ verb, host }, seconds);
      if (retried) retries.inc({ code, verb, host });
    },
    stale: ({ kind }) => skipped.inc({ kind }),
    leading: (name, leads) => leader.set({ name }, leads ? 1 : 0),
    controller(controller) {
      const labels = { name: controller, controller };
      for (const result of ["success", "error", "requeue", "requeue_after"])
        total.inc({ controller, result }, 0);
      errors.inc({ controller }, 0);
      return {
        queue: {
          added: () => adds.inc(labels),
          taken: (seconds) => waited.observe(labels, seconds),
          done: (seconds) => worked.observe(labels, seconds),
          delayed: () => delayed.inc(labels),
        },
        reconciled(result, seconds) {
          total.inc({ controller, result });
          time.observe({ controller }, seconds);
          if (result === "error") errors.inc({ controller });
        },
        terminal: () => terminals.inc({ controller }),
        panicked: () => panics.inc({ controller }),
        timedOut: () => timeouts.inc({ controller }),
        workers(now, limit) {
          active.set({ controller }, now);
          most.set({ controller }, limit);
        },
        onScrape(read) {
          scrapes.push(() => {
            const seen = read();
            depth.set({ ...labels, priority: "" }, seen.depth);
            unfinished.set(labels, seen.unfinished);
            longest.set(labels, seen.longest);
          });
        },
      };
    },
  };
}
