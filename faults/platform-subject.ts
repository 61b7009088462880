import { Registry } from "prom-client";
import { approvals, consentPolicies, failoverGroups, partners, regions } from "../crds/resources.ts";
import { type ClientOptions, createClient } from "../kube/client.ts";
import { Clusters } from "../kube/clusters.ts";
import { staticCredentials } from "../kube/credentials.ts";
import { Driver } from "../kube/driver.ts";
import { silent } from "../kube/logger.ts";
import { kitMetrics } from "../kube/metrics.ts";
import { HOME } from "../kube/plan.ts";
import { resourceTable } from "../kube/resources.ts";
import { parseOperatorConfig } from "../operator/config.ts";
import { startControllers } from "../operator/controllers.ts";
import { watchForStacks } from "../operator/failover-group/controller.ts";
import { FINALIZER, madeForNamesake, MARKS } from "../operator/marks.ts";
import { Engagement } from "../operator/region/engagement.ts";
import { watchForPartners } from "../operator/signed/watches.ts";
import { wholePicture } from "../operator/whole-picture.ts";
import type { Subject, SubjectOptions } from "./subject.ts";
import { configOf, makeSystem, systemOf } from "./system.ts";

/** Starts every controller of the operator, as its process does but for the election: it leads once it sees everything. */
export async function startPlatform(options: SubjectOptions): Promise<Subject> {
  const { corner, lines, signer, clock, pace, identity } = options;
  await makeSystem(options);
  const client: ClientOptions = { userAgent: "platform", timeoutMs: 6_000, attemptMs: 2_000 };
  const hub = createClient(staticCredentials({ server: lines.hub }), client);
  const clusters = new Clusters({ probeMs: 300, clock: pace });
  watchForPartners(clusters, MARKS);
  watchForStacks(clusters, MARKS);
  const engagement = new Engagement({
    clusters,
    hub,
    namespace: systemOf(corner),
    client,
    logger: silent,
    clock: pace,
  });
  const driver = new Driver({
    ...MARKS,
    clusters,
    clock,
    resources: resourceTable([partners, consentPolicies, regions, failoverGroups, approvals] as never),
    finalizer: FINALIZER,
    adopt: madeForNamesake,
  });
  const home = await clusters.engage(HOME, hub);
  const controllers = startControllers({
    config: parseOperatorConfig(configOf(corner), "the harness"),
    clusters,
    driver,
    engagement,
    signer,
    home,
    logger: silent,
    metrics: kitMetrics(new Registry()),
    clock,
    identity,
  });
  engagement.start();
  let stopped = false;
  void wholePicture(clusters, home, engagement, clock).then(() => {
    if (!stopped) controllers.lead(true);
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all([controllers.stop(), engagement.stop(), clusters.stop()]);
    },
  };
}
