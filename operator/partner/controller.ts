import { KeyStoreError } from "../../key-store/error.ts";
import type { Clock } from "../../kube/clock.ts";
import type { Clusters } from "../../kube/clusters.ts";
import type { OwnershipMarks } from "../../kube/ownership.ts";
import { type Controller, HOME, WaitingError } from "../../kube/plan.ts";
import { certificateSigningRequests, type ConfigMap } from "../../kube/resources.ts";
import { type PartnerObject, partners } from "../../crds/resources.ts";
import { withSignature } from "../signed/signed-config-map.ts";
import { signedReader } from "../signed/signed-reader.ts";
import type { RiskScores } from "../ports/risk-scores.ts";
import type { ShardSigner } from "../shard-signer.ts";
import { observePartner } from "./observe.ts";
import { type PartnerAction, planPartner } from "./plan.ts";
import { requestCertificate, withdrawRequest } from "./request.ts";
import type { PlannedPartnerStatus } from "./status.ts";
import type { PartnerWorld } from "./world.ts";

export interface PartnerDependencies {
  readonly clusters: Clusters;
  readonly signer: ShardSigner;
  readonly marks: OwnershipMarks;
  readonly clock: Clock;
  /** The bank's risk service, where there is one. */
  readonly scores?: RiskScores | undefined;
}

/**
 * Gives each Partner its certificates and its shard in every group that serves it.
 *
 * Rosters, and with them suspension and revocation, are the `RosterKeeper`'s, which is quicker.
 */
export function partnerController({
  clusters,
  signer,
  marks,
  clock,
  scores,
}: PartnerDependencies): Controller<PartnerObject, PartnerWorld, PlannedPartnerStatus, PartnerAction> {
  const reader = signedReader(signer.trust);
  return {
    name: "partner",
    resource: partners,
    observe: (partner) =>
      observePartner(partner, { clusters, reader, signer, scores, now: () => clock.now() }),
    plan: (partner, world, now) => planPartner(partner, world, now, signer),
    async complete(shard) {
      try {
        return await withSignature(shard as ConfigMap, signer);
      } catch (error) {
        if (!(error instanceof KeyStoreError)) throw error;
        throw new WaitingError("KeyStoreAway", error.message, { cause: error });
      }
    },
    async act(action, partner) {
      const home = clusters.get(HOME);
      if (!home) throw new Error("The hub's cluster is not engaged.");
      if (action.do === "withdrawRequest") return withdrawRequest(home.client, action);
      const created = await requestCertificate(home.client, action, partner, marks);
      if (created) home.cache(certificateSigningRequests)?.wrote(created, marks.managedBy);
    },
  };
}
