import { requestPem } from "../../operator/csr/testing/requests.ts";
import { FAULT_CLASSES } from "../fault-classes.ts";
import type { Stage } from "../stage.ts";
import { startSubject } from "../subject.ts";
import type { Scenario } from "./scenario.ts";
import {
  all,
  changePartner,
  clientOf,
  deletePartner,
  makePartner,
  makePlaces,
  makePolicy,
  partnerOf,
  policyBinds,
  says,
  settled,
  so,
} from "./setting.ts";

const [first, second, third] = await Promise.all([requestPem(), requestPem(), requestPem()]);

const inBoth = (stage: Stage, fact: (pod: Stage["away"]) => boolean, sentence: string): true | string =>
  all(so(fact(stage.away), `ke: ${sentence}`), so(fact(stage.home), `eu: ${sentence}`));

const gone = (stage: Stage): true | string =>
  all(
    so(partnerOf(stage) === undefined, "the Partner is gone"),
    so(!stage.away.directory.lists(clientOf(stage)), "ke lets go of it"),
    policyBinds(stage, 0),
  );

const giveCertificates = (stage: Stage, primary: string): Promise<void> =>
  changePartner(stage, {
    certificates: [
      { name: "primary", csr: primary },
      { name: "secondary", csr: second },
    ],
  });

type Served = ReturnType<Stage["away"]["directory"]["partner"]>;

/** Ready, and both stacks serve it in a certain way. */
const live = (stage: Stage, isServed: (partner: Served) => boolean, sentence: string): true | string =>
  all(
    says(stage, "Ready", "True", "Live"),
    inBoth(stage, ({ directory }) => isServed(directory.partner(clientOf(stage))), sentence),
  );

/** A Partner's life: it appears, changes, is suspended, gets and loses certificates, moves, goes and comes again. */
export const partnerScenario: Scenario = {
  name: "Partner",
  start: startSubject,
  faults: FAULT_CLASSES,
  farewell: "goes",
  async prepare(stage) {
    await makePlaces(stage);
    await makePolicy(stage);
  },
  phases: [
    {
      name: "appears",
      change: (stage) => makePartner(stage, first),
      reached: (stage) =>
        all(
          says(stage, "Ready", "True", "Live"),
          inBoth(stage, ({ directory }) => directory.partner(clientOf(stage)) !== undefined, "it is known"),
          policyBinds(stage, 1),
        ),
    },
    {
      name: "changes",
      change: (stage) => changePartner(stage, { displayName: "Acme & Sons" }),
      reached: (stage) =>
        live(stage, (partner) => partner?.shard.displayName === "Acme & Sons", "the new name is known"),
    },
    {
      name: "is suspended",
      follows: "appears",
      change: (stage) => changePartner(stage, { suspended: true }),
      reached: (stage) =>
        all(
          says(stage, "Suspended", "True"),
          inBoth(
            stage,
            ({ directory }) => directory.partner(clientOf(stage))?.suspended === true,
            "it is refused",
          ),
        ),
    },
    {
      name: "is let in again",
      change: (stage) => changePartner(stage, { suspended: false }),
      reached: (stage) => live(stage, (partner) => partner?.suspended === false, "it is served"),
    },
    {
      name: "gets a second certificate",
      follows: "appears",
      change: (stage) => giveCertificates(stage, first),
      reached: (stage) =>
        live(stage, (partner) => partner?.certificates.size === 2, "both certificates are known"),
    },
    {
      name: "loses the first",
      change: (stage) =>
        changePartner(stage, {
          revokedThumbprints: [partnerOf(stage)?.status?.certificates?.[0]?.thumbprint ?? ""],
        }),
      reached: (stage) =>
        all(
          settled(stage),
          inBoth(
            stage,
            ({ directory }) => directory.partner(clientOf(stage))?.certificates.size === 1,
            "the first certificate is refused",
          ),
        ),
    },
    {
      name: "gets another in its place",
      change: (stage) => giveCertificates(stage, third),
      reached: (stage) =>
        live(stage, (partner) => partner?.certificates.size === 2, "the new certificate is accepted"),
    },
    {
      name: "leaves eu",
      follows: "appears",
      change: (stage) => changePartner(stage, { groups: [stage.corner.away] }),
      reached: (stage) =>
        all(
          says(stage, "Ready", "True", "Live"),
          so(!stage.home.directory.lists(clientOf(stage)), "eu lets go of it"),
          so(
            !stage.history.live.has(`ConfigMap stack-${stage.corner.home}/shard-${clientOf(stage)}`),
            "eu has no settings of it",
          ),
        ),
    },
    { name: "goes", follows: "appears", change: deletePartner, reached: gone },
    {
      name: "comes again",
      // What is applied to a Partner that is still going goes with it.
      afterPrevious: true,
      change: (stage) => makePartner(stage, third),
      reached: (stage) =>
        all(
          says(stage, "Ready", "True", "Live"),
          inBoth(stage, ({ directory }) => directory.partner(clientOf(stage)) !== undefined, "it is known"),
          policyBinds(stage, 1),
        ),
    },
    { name: "goes again", change: deletePartner, reached: gone },
  ],
};
