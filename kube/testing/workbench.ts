import { createClient } from "../client.ts";
import type { Client } from "../client.ts";
import { Clusters } from "../clusters.ts";
import type { Conflict } from "../apply.ts";
import { ControllerRunner } from "../controller-runner.ts";
import { Driver } from "../driver.ts";
import { ownSelector } from "../ownership.ts";
import { HOME } from "../plan.ts";
import { configMaps, customResourceDefinitions, resourceTable } from "../resources.ts";
import type { TestApiServer } from "./api-server.ts";
import { FaultyProxy } from "./proxy.ts";
import { until } from "./until.ts";
import type { Widget, WidgetController, WidgetStatus } from "./widget.ts";
import { widgetDefinition, widgetPlan, widgets } from "./widget.ts";

/** The words the test program marks its objects with. */
export const marks = { prefix: "example.org", managedBy: "widget-operator" };

/** A running Widget controller with two clusters, each behind a faulty proxy: `home` and `ke`. */
export interface Workbench {
  readonly proxies: { readonly home: FaultyProxy; readonly ke: FaultyProxy };
  readonly clusters: Clusters;
  readonly conflicts: Conflict[];
  readonly runner: ControllerRunner<Widget, number, WidgetStatus, string>;
  /** Requests that changed something, by way of both proxies. */
  writes(): number;
  /** Waits until no key is ready, in work or about to be. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the Widget kind known to an API server. */
export async function installWidgets(admin: Client): Promise<void> {
  await admin.apply(customResourceDefinitions, widgetDefinition, { fieldManager: "test" });
  await until("the Widget kind", async () => {
    try {
      await admin.list(widgets);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts a Widget controller. `parts` replace those of the ordinary one, `mayWrite` is the fence. */
export async function startWorkbench(
  servers: { readonly home: TestApiServer; readonly ke: TestApiServer },
  parts: Partial<WidgetController> = {},
  mayWrite?: () => boolean,
): Promise<Workbench> {
  const proxies = {
    home: new FaultyProxy(servers.home.credentials),
    ke: new FaultyProxy(servers.ke.credentials),
  };
  const clusters = new Clusters({ probeMs: 200, mayWrite });
  clusters.watch({ resource: configMaps, labelSelector: ownSelector(marks) });
  const conflicts: Conflict[] = [];
  const driver = new Driver({
    ...marks,
    clusters,
    resources: resourceTable([widgets]),
    finalizer: "example.org/widget",
    onConflict: (conflict) => conflicts.push(conflict),
  });
  const controller: WidgetController = {
    name: "widget",
    resource: widgets,
    observe: (widget) => widget.spec.maps.length,
    plan: widgetPlan,
    act: async () => {},
    ...parts,
  };
  const runner = new ControllerRunner({ controller, driver, clusters, marks });
  const options = { userAgent: "widget-operator", attemptMs: 1_000, timeoutMs: 3_000 };
  for (const [name, proxy] of [[HOME, proxies.home] as const, ["ke", proxies.ke] as const]) {
    const server = name === HOME ? servers.home : servers.ke;
    await clusters.engage(name, createClient(await server.credentialsAt(await proxy.start()), options));
  }
  await until("the caches", () => clusters.get(HOME)?.synced && clusters.get("ke")?.synced);
  runner.lead(true);
  return {
    proxies,
    clusters,
    conflicts,
    runner,
    writes: () => proxies.home.writes.length + proxies.ke.writes.length,
    async settled() {
      let quiet = 0;
      await until("the controller to settle", () => {
        quiet = runner.queue.depth === 0 && runner.queue.inWork.size === 0 ? quiet + 1 : 0;
        return quiet > 20;
      });
    },
    async stop() {
      // At the same time, as when a process dies: what is on its way fails instead of being retried.
      await Promise.all([runner.stop(), clusters.stop()]);
      await Promise.all([proxies.home.stop(), proxies.ke.stop()]);
    },
  };
}
