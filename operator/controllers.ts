import type { Clock } from "../kube/clock.ts";
import type { Cluster } from "../kube/cluster.ts";
import type { ClusterEvent, Clusters } from "../kube/clusters.ts";
import { ControllerRunner } from "../kube/controller-runner.ts";
import type { Driver } from "../kube/driver.ts";
import type { Logger } from "../kube/logger.ts";
import type { KitMetrics } from "../kube/metrics.ts";
import { type KubeObject, keyOf, keyText, type ObjectKey } from "../kube/object.ts";
import { type Controller, HOME, type PlannedStatus } from "../kube/plan.ts";
import { approvalController, approvalWakes } from "./approval/controller.ts";
import { failoverGroups, partners } from "../crds/resources.ts";
import type { OperatorConfig } from "./config.ts";
import { consentPolicyController } from "./consent-policy/controller.ts";
import { consentPolicyWakes } from "./consent-policy/wakes.ts";
import { groupOfSecret } from "./failover-group/observe.ts";
import { failoverGroupController } from "./failover-group/controller.ts";
import { wakesFailoverGroups } from "./failover-group/wakes.ts";
import { SecretWatch } from "./failover-group/secret-watch.ts";
import { ACCOUNT, MARKS } from "./marks.ts";
import { partnerController } from "./partner/controller.ts";
import { partnerWakes } from "./partner/wakes.ts";
import { configMapDns } from "./ports/dns.ts";
import { HttpRiskScores } from "./ports/http-risk-scores.ts";
import { regionController, wakesRegions } from "./region/controller.ts";
import type { Engagement } from "./region/engagement.ts";
import { RosterKeeper } from "./roster/keeper.ts";
import { HOST_TLS } from "./stack/namespace.ts";
import type { ShardSigner } from "./shard-signer.ts";

/** What every controller is built from. */
export interface ControllerTools {
  readonly config: OperatorConfig;
  readonly clusters: Clusters;
  readonly driver: Driver;
  readonly engagement: Engagement;
  readonly signer: ShardSigner;
  /** The hub; its client writes only while this process leads. */
  readonly home: Cluster;
  readonly logger: Logger;
  readonly metrics: KitMetrics;
  readonly clock: Clock;
  /** Of this process. */
  readonly identity: string;
}

/** All controllers as one. */
export interface Controllers {
  /** Begins (true) or ends (false) to reconcile. */
  lead(leads: boolean): void;
  stop(): Promise<void>;
}

interface Part {
  lead(leads: boolean): void;
  stop(): Promise<void>;
}

interface Runner extends Part {
  /** Looks at a resource again. */
  wake(key: ObjectKey): void;
}

/** Builds every controller. They fill their queues from now on and work once they lead. */
export function startControllers(tools: ControllerTools): Controllers {
  const { config, clusters, engagement, signer, home, logger, clock, identity } = tools;
  const { namespaces, zone } = config;
  const names = { namespace: namespaces.dns, name: "records" };
  const labels = { "app.kubernetes.io/managed-by": MARKS.managedBy };
  const dns = configMapDns(home.client, names, { labels, fieldManager: MARKS.managedBy });
  const hostTls = new SecretWatch({
    name: HOST_TLS,
    onChange: (owner) => groups.wake({ name: groupOfSecret(owner) }),
    logger,
  });
  const groups = runner(
    tools,
    failoverGroupController({
      clusters,
      dns,
      signer,
      images: config.images,
      namespaces,
      account: ACCOUNT,
      hostTls,
      now: () => clock.now(),
    }),
    wakesFailoverGroups(clusters, names),
  );
  const troubles = signer.onTrouble(() => {
    const { error } = signer.trouble() ?? {};
    if (error) logger.warn({ err: error }, "nothing can be signed for stacks; they serve by what they have");
    else logger.info({ kid: signer.kid }, "stacks are told of changes again");
    for (const each of clusters.get(HOME)?.cache(failoverGroups)?.list() ?? []) groups.wake(keyOf(each));
  });
  const scores = config.risk ? new HttpRiskScores({ url: config.risk.url, logger }) : undefined;
  const partnersRunner = runner(
    tools,
    partnerController({ clusters, signer, marks: MARKS, clock, scores }),
    partnerWakes(clusters),
  );
  scores?.onChange((clientId) => {
    const all = clusters.get(HOME)?.cache(partners)?.list() ?? [];
    const found = all.find(({ status }) => status?.clientId === clientId);
    if (found) partnersRunner.wake(keyOf(found));
  });
  scores?.start();
  const parts: readonly Part[] = [
    groups,
    runner(
      tools,
      regionController({ clusters, engagement, marks: MARKS, namespace: namespaces.system, zone }),
      wakesRegions(),
    ),
    partnersRunner,
    runner(tools, consentPolicyController({ clusters, clock }), consentPolicyWakes(clusters)),
    runner(tools, approvalController({ clusters }), approvalWakes(clusters)),
    new RosterKeeper({ clusters, signer, marks: MARKS, clock, logger, identity }),
  ];
  return {
    lead: (leads) => parts.forEach((part) => part.lead(leads)),
    stop: async () => {
      troubles();
      await Promise.all([scores?.stop(), ...parts.map((part) => part.stop())]);
      await hostTls.stop();
    },
  };
}

function runner<Owner extends KubeObject, World, Status extends PlannedStatus, Action>(
  { clusters, driver, logger, metrics, config }: ControllerTools,
  controller: Controller<Owner, World, Status, Action>,
  wakes: (event: ClusterEvent) => readonly ObjectKey[],
): Runner {
  const running = new ControllerRunner({
    controller,
    driver,
    clusters,
    marks: MARKS,
    wakes,
    concurrency: config.concurrency,
    logger,
    metrics: metrics.controller(controller.name),
  });
  // A return wakes everything by itself; that a cluster is gone has to be said too.
  const away = clusters.onAvailability((_, available) => {
    if (available) return;
    const all = clusters.get(HOME)?.cache(controller.resource)?.list() ?? [];
    for (const object of all) running.queue.add(keyText(keyOf(object)));
  });
  return {
    lead: (leads) => running.lead(leads),
    wake: (key) => running.queue.add(keyText(key)),
    async stop() {
      away();
      await running.stop();
    },
  };
}
