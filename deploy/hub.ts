import { customResourceDefinition } from "../crds/definition.ts";
import { KINDS } from "../crds/kinds.ts";
import { approver, partnerSigner } from "./authority.ts";
import { nameServer } from "./dns.ts";
import { flowControl } from "./flow-control.ts";
import { type Manifest, namespace } from "./objects.ts";
import { operator } from "./operator.ts";
import { secondPerson } from "./second-person.ts";
import { type HubSettings, NAMESPACE, OPERATOR } from "./settings.ts";

/**
 * Everything the hub's cluster needs, in the order in which it is applied.
 *
 * Keys and certificates are no part of it: Secrets `wekeza-signer/partner-ca` and those of `wekeza-hosts`, and the
 * ConfigMap `wekeza-system/partner-ca`, come from whoever keeps them.
 */
export function hubManifests(settings: HubSettings): readonly Manifest[] {
  const approval = { "openbanking.wekeza.io/csr-approval": "automatic" };
  const rest = [
    namespace(NAMESPACE.partners, settings.automaticApproval ? approval : {}),
    ...flowControl({ place: "hub", accounts: [elector, ...DECIDERS], elector }),
    ...operator(settings),
    ...approver(settings),
    ...partnerSigner(settings),
    ...nameServer(settings),
    ...secondPerson(),
  ];
  return [...KINDS.map(customResourceDefinition), ...namespacesFirst(rest)];
}

const elector = { namespace: NAMESPACE.system, name: OPERATOR };

/** Who decides about partners' requests beside the operator. */
const DECIDERS = [
  { namespace: NAMESPACE.approver, name: "approver" },
  { namespace: NAMESPACE.signer, name: "partner-signer" },
] as const;

/** Objects of one part live in the namespaces of another. */
function namespacesFirst(objects: readonly Manifest[]): readonly Manifest[] {
  const isNamespace = ({ kind }: Manifest) => kind === "Namespace";
  return [...objects.filter(isNamespace), ...objects.filter((each) => !isNamespace(each))];
}
