import { Registry } from "prom-client";
import { expect, test } from "vitest";

import { kitMetrics } from "./metrics.ts";

test("the names are those of controller-runtime and client-go", async () => {
  const registry = new Registry();
  const metrics = kitMetrics(registry);
  metrics.request({ verb: "get", method: "GET", host: "api", code: "200", seconds: 0.01, retried: true });
  metrics.leading("operator", true);
  metrics.stale({ kind: "ConfigMap" });
  const controller = metrics.controller("partner");
  controller.queue.added();
  controller.queue.taken(0.001);
  controller.queue.done(0.001);
  controller.queue.delayed();
  controller.reconciled("requeue_after", 0.02);
  controller.terminal();
  controller.panicked();
  controller.timedOut();
  controller.workers(2, 10);
  controller.onScrape(() => ({ depth: 3, unfinished: 1, longest: 1 }));
  const lines = (await registry.metrics())
    .split("\n")
    .filter((line) => !line.startsWith("#") && !/_bucket|_sum/.test(line));
  expect(lines.filter((line) => line !== "")).toEqual([
    'rest_client_requests_total{code="200",method="GET",host="api"} 1',
    'rest_client_request_duration_seconds_count{verb="get",host="api"} 1',
    'rest_client_request_retries_total{code="200",verb="get",host="api"} 1',
    'stale_sync_skips_total{kind="ConfigMap"} 1',
    'leader_election_master_status{name="operator"} 1',
    'workqueue_depth{name="partner",controller="partner",priority=""} 3',
    'workqueue_adds_total{name="partner",controller="partner"} 1',
    'workqueue_queue_duration_seconds_count{name="partner",controller="partner"} 1',
    'workqueue_work_duration_seconds_count{name="partner",controller="partner"} 1',
    'workqueue_unfinished_work_seconds{name="partner",controller="partner"} 1',
    'workqueue_longest_running_processor_seconds{name="partner",controller="partner"} 1',
    'workqueue_retries_total{name="partner",controller="partner"} 1',
    'controller_runtime_reconcile_total{controller="partner",result="success"} 0',
    'controller_runtime_reconcile_total{controller="partner",result="error"} 0',
    'controller_runtime_reconcile_total{controller="partner",result="requeue"} 0',
    'controller_runtime_reconcile_total{controller="partner",result="requeue_after"} 1',
    'controller_runtime_reconcile_errors_total{controller="partner"} 0',
    'controller_runtime_terminal_reconcile_errors_total{controller="partner"} 1',
    'controller_runtime_reconcile_panics_total{controller="partner"} 1',
    'controller_runtime_reconcile_timeouts_total{controller="partner"} 1',
    'controller_runtime_reconcile_time_seconds_count{controller="partner"} 1',
    'controller_runtime_max_concurrent_reconciles{controller="partner"} 10',
    'controller_runtime_active_workers{controller="partner"} 2',
  ]);
});
