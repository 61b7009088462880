import { approvals, consentPolicies, failoverGroups, partners, regions } from "../crds/resources.ts";
import type { Client, ClientOptions } from "../kube/client.ts";
import { type Clock, systemClock } from "../kube/clock.ts";
import type { Cluster } from "../kube/cluster.ts";
import { Clusters, type ClustersOptions } from "../kube/clusters.ts";
import { Driver, type DriverOptions } from "../kube/driver.ts";
import { HOME } from "../kube/plan.ts";
import { resourceTable } from "../kube/resources.ts";
import { type ControllerTools, startControllers } from "./controllers.ts";
import { watchForStacks } from "./failover-group/controller.ts";
import { FINALIZER, madeForNamesake, MARKS } from "./marks.ts";
import { Engagement } from "./region/engagement.ts";
import { watchForPartners } from "./signed/watches.ts";
import { wholePicture } from "./whole-picture.ts";

export interface ReconciliationOptions
  extends
    Omit<ControllerTools, "clusters" | "driver" | "engagement" | "home">,
    Pick<ClustersOptions, "mayWrite" | "onStale" | "probeMs">,
    Pick<DriverOptions, "onStatus" | "onConflict"> {
  readonly hub: Client;
  /** How clusters of regions are spoken to. */
  readonly client: ClientOptions;
  /** By which watches and probes wait. Default: the machine's. */
  readonly pace?: Clock | undefined;
}

/** Everything that reconciles, but for the question whether it may: that is the election's. */
export interface Reconciliation {
  readonly home: Cluster;
  /** Resolves when everything that there is has been seen; before that nobody may lead. */
  readonly whole: Promise<void>;
  /** Begins (true) or ends (false) to reconcile. */
  lead(leads: boolean): void;
  /** Finishes what is in work. */
  rest(): Promise<void>;
  /** Lets go of every cluster. */
  close(): Promise<void>;
}

/** Begins to watch the hub and its regions, with every controller standing by. @throws KubeError when the hub cannot be reached. */
export async function startReconciliation(options: ReconciliationOptions): Promise<Reconciliation> {
  const { config, hub, client, logger, clock, pace = systemClock } = options;
  const { mayWrite, onStale, probeMs } = options;
  const clusters = new Clusters({ logger, mayWrite, onStale, probeMs, clock: pace });
  watchForPartners(clusters, MARKS);
  watchForStacks(clusters, MARKS);
  const { system } = config.namespaces;
  const engagement = new Engagement({ clusters, hub, namespace: system, client, logger, clock: pace });
  const driver = new Driver({
    ...MARKS,
    clusters,
    clock,
    resources: resourceTable([partners, consentPolicies, regions, failoverGroups, approvals] as never),
    finalizer: FINALIZER,
    adopt: madeForNamesake,
    onStatus: options.onStatus,
    onConflict: options.onConflict,
  });
  const home = await clusters.engage(HOME, hub);
  const controllers = startControllers({ ...options, clusters, driver, engagement, home });
  engagement.start();
  return {
    home,
    whole: wholePicture(clusters, home, engagement, clock),
    lead: (leads) => controllers.lead(leads),
    rest: () => controllers.stop(),
    async close() {
      await engagement.stop();
      await clusters.stop();
    },
  };
}
