import { consentPolicies } from "../../crds/resources.ts";
import { requestPem } from "../../operator/csr/testing/requests.ts";
import { FAULT_CLASSES } from "../fault-classes.ts";
import type { Stage } from "../stage.ts";
import { startSubject } from "../subject.ts";
import type { Scenario } from "./scenario.ts";
import {
  all,
  clientOf,
  deletePartner,
  makePartner,
  makePlaces,
  makePolicy,
  partnerOf,
  policyBinds,
  policyOf,
  says,
  so,
} from "./setting.ts";

const csr = await requestPem();

const days = (stage: Stage, pod: Stage["away"]): number | undefined =>
  pod.directory.partner(clientOf(stage))?.shard.policy.maxDurationDays;

const bound = (stage: Stage, wanted: number): true | string =>
  all(
    says(stage, "Ready", "True", "Live"),
    so(days(stage, stage.away) === wanted, `ke grants ${wanted} days`),
    so(days(stage, stage.home) === wanted, `eu grants ${wanted} days`),
    policyBinds(stage, 1),
  );

/** A ConsentPolicy that binds a Partner: it changes, is taken away, and comes back. */
export const policyScenario: Scenario = {
  name: "ConsentPolicy",
  start: startSubject,
  faults: FAULT_CLASSES,
  farewell: "binds nobody",
  async prepare(stage) {
    await makePlaces(stage);
    await makePolicy(stage);
  },
  phases: [
    { name: "binds", change: (stage) => makePartner(stage, csr), reached: (stage) => bound(stage, 365) },
    {
      name: "changes",
      change: (stage) => makePolicy(stage, { maxDurationDays: 300 }),
      reached: (stage) => bound(stage, 300),
    },
    {
      name: "is taken away",
      async change(stage) {
        const key = { namespace: stage.corner.partners, name: "kenya" };
        await stage.admin.delete(consentPolicies, key);
      },
      // What was served goes on being served by the policy's last words; those before, where the operator died before it told the last
      // and found no policy when it was back. Who was told goes no way back: shards only grow, and snapshots have them.
      reached: (stage) => {
        const served = [days(stage, stage.away), days(stage, stage.home)];
        return all(
          says(stage, "Ready", "False", "PolicyMissing"),
          so(
            served.every((each) => each === 300 || each === 365),
            `both go on as they were, and not with ${served.join(" and ")} days`,
          ),
        );
      },
    },
    {
      name: "comes back stricter",
      change: (stage) => makePolicy(stage, { maxDurationDays: 200 }),
      reached: (stage) => bound(stage, 200),
    },
    {
      name: "binds nobody",
      follows: "binds",
      change: deletePartner,
      reached: (stage) =>
        all(
          so(partnerOf(stage) === undefined, "the Partner is gone"),
          policyOf(stage) === undefined || policyBinds(stage, 0),
        ),
    },
  ],
};
