import { type Client, createClient } from "../../kube/client.ts";
import { type Clock, systemClock } from "../../kube/clock.ts";
import { Clusters } from "../../kube/clusters.ts";
import { ControllerRunner } from "../../kube/controller-runner.ts";
import { Driver } from "../../kube/driver.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { silent } from "../../kube/logger.ts";
import { HOME } from "../../kube/plan.ts";
import { resourceTable } from "../../kube/resources.ts";
import type { OwnershipMarks } from "../../kube/ownership.ts";
import { approvalController, approvalWakes } from "../approval/controller.ts";
import { approver } from "../approver/approver.ts";
import { consentPolicyController } from "../consent-policy/controller.ts";
import { consentPolicyWakes } from "../consent-policy/wakes.ts";
import { PARTNER_SIGNER } from "../csr/names.ts";
import type { PartnerCertificates } from "../csr/partner-request.ts";
import { CsrWorker } from "../csr/worker.ts";
import { partnerController } from "../partner/controller.ts";
import { partnerWakes } from "../partner/wakes.ts";
import { RosterKeeper } from "../roster/keeper.ts";
import { watchForPartners } from "../signed/watches.ts";
import type { AuthoritySource } from "../signer/authority.ts";
import { partnerSigner } from "../signer/signer.ts";
import type { ShardSigner } from "../shard-signer.ts";
import { loadShardSigner } from "../signing-key.ts";

export const MARKS: OwnershipMarks = { prefix: "openbanking.wekeza.io", managedBy: "wekeza-operator" };

/** The part of the operator that serves Partners, running in the test's process. */
export interface TestOperator {
  readonly signer: ShardSigner;
  /** Makes a region's cluster known by its kubeconfig. */
  engage(region: string, kubeconfig: string): Promise<void>;
  /** One more pass over a Partner; answers how many writes it took. */
  secondPass(name: string): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts the controllers against a hub, with an approver and a signer of their own.
 *
 * @param given signs for stacks; unless given, a key of the hub's namespace `default`.
 */
export async function startTestOperator(
  kubeconfig: string,
  certificates: PartnerCertificates,
  authority: AuthoritySource,
  clock: Clock = systemClock,
  given?: ShardSigner,
): Promise<TestOperator> {
  const connect = (text: string): Client =>
    createClient(kubeconfigCredentials(text, { trusted: false }), {
      userAgent: "test",
      timeoutMs: 3_000,
      attemptMs: 2_000,
    });
  const clusters = new Clusters({ probeMs: 200 });
  watchForPartners(clusters, MARKS);
  const hub = connect(kubeconfig);
  const signer = given ?? (await loadShardSigner(hub, "default"));
  const driver = new Driver({
    ...MARKS,
    clusters,
    resources: resourceTable(),
    clock,
    finalizer: "openbanking.wekeza.io/partner",
  });
  const controller = partnerController({ clusters, signer, marks: MARKS, clock });
  const runners = [
    new ControllerRunner({ controller, driver, clusters, marks: MARKS, wakes: partnerWakes(clusters) }),
    new ControllerRunner({
      controller: consentPolicyController({ clusters, clock }),
      driver,
      clusters,
      marks: MARKS,
      wakes: consentPolicyWakes(clusters),
    }),
    new ControllerRunner({
      controller: approvalController({ clusters }),
      driver,
      clusters,
      marks: MARKS,
      wakes: approvalWakes(clusters),
    }),
  ];
  const keeper = new RosterKeeper({
    clusters,
    signer,
    marks: MARKS,
    clock: systemClock,
    logger: silent,
    identity: "operator",
  });
  await clusters.engage(HOME, hub);
  for (const runner of runners) runner.lead(true);
  keeper.lead(true);

  const client = connect(kubeconfig);
  const tools = { client, logger: silent, count: () => {} };
  const worker = (visit: ReturnType<ReturnType<typeof approver>>): CsrWorker =>
    new CsrWorker({ client, signerName: PARTNER_SIGNER, logger: silent, visit });
  const workers = [
    worker(approver(certificates)(tools)),
    worker(partnerSigner(certificates, authority)(tools)),
  ];
  for (const each of workers) each.start();
  return {
    signer,
    async engage(region, text) {
      await clusters.engage(region, connect(text));
    },
    async secondPass(name) {
      const { writes } = await driver.reconcile(controller, { namespace: "partners", name });
      return writes;
    },
    async stop() {
      await Promise.all([...runners, keeper, ...workers].map((each) => each.stop()));
      await clusters.stop();
      await client.close();
    },
  };
}
