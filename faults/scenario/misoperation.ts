import { ConsentPolicy } from "../../crds/consent-policy.ts";
import type { Kind } from "../../crds/kind.ts";
import { Partner } from "../../crds/partner.ts";
import { consentPolicies, partners } from "../../crds/resources.ts";
import { KubeError } from "../../kube/error.ts";
import type { KubeObject, Resource } from "../../kube/object.ts";
import { requestPem } from "../../operator/csr/testing/requests.ts";
import { testPolicy } from "../../operator/testing/group.ts";
import type { Corner } from "../corner.ts";
import { type Mutation, mutationsOf } from "../mutation.ts";
import type { Stage } from "../stage.ts";
import { startSubject } from "../subject.ts";
import type { Scenario } from "./scenario.ts";
import {
  all,
  makePartner,
  makePlaces,
  makePolicy,
  partnerOf,
  partnerSpec,
  policyBinds,
  says,
} from "./setting.ts";

const csr = await requestPem();

/** What may be written wrongly in one kind of resource. */
interface Field {
  readonly kind: Kind;
  readonly resource: Resource<KubeObject>;
  readonly name: string;
  readonly spec: (corner: Corner) => unknown;
}

const FIELDS: readonly Field[] = [
  { kind: Partner, resource: partners as never, name: "acme", spec: (corner) => partnerSpec(corner, csr) },
  { kind: ConsentPolicy, resource: consentPolicies as never, name: "kenya", spec: () => testPolicy().spec },
];

/** REL-17: a scenario for every mutation of every field. All is well, somebody errs and takes it back, all is well. */
export function misoperations(): readonly Scenario[] {
  // Names differ from corner to corner, so a mutation is found again by its name.
  const anywhere: Corner = { token: "t0", partners: "partners-t0", away: "ke-t0", home: "eu-t0" };
  return FIELDS.flatMap((field) =>
    mutationsOf(field.kind.spec, field.spec(anywhere)).map((mutation) => misoperation(field, mutation)),
  );
}

function misoperation({ kind, resource, name, spec }: Field, { name: what, how }: Mutation): Scenario {
  const written = async (stage: Stage, value: unknown): Promise<void> => {
    const key = { namespace: stage.corner.partners, name };
    await stage.admin
      .patch(resource, key, { json: [{ op: "replace", path: "/spec", value }] })
      .catch((error: unknown) => {
        // Refused by schema or rule: the mistake was never made.
        if (!(error instanceof KubeError) || error.status !== 422) throw error;
      });
  };
  const well = (stage: Stage): true | string =>
    all(says(stage, "Ready", "True", "Live"), policyBinds(stage, 1));
  return {
    name: `${kind.kind}${what}`,
    start: startSubject,
    faults: [],
    async prepare(stage) {
      await makePlaces(stage);
      await makePolicy(stage);
    },
    phases: [
      { name: "well", change: (stage) => makePartner(stage, csr), reached: well },
      {
        name: how,
        change: async (stage) => {
          const mutation = mutationsOf(kind.spec, spec(stage.corner)).find((each) => each.name === what);
          await written(stage, mutation?.spec);
        },
        // Whatever it is, status speaks of it.
        reached: (stage) => {
          const partner = partnerOf(stage);
          const seen = partner?.status?.observedGeneration === partner?.metadata.generation;
          return seen || "status to speak of the present spec";
        },
      },
      {
        name: "well again",
        endsAs: "well",
        change: (stage) => written(stage, spec(stage.corner)),
        reached: well,
      },
    ],
  };
}
