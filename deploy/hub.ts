import { customResourceDefinition } from "../crds/definition.ts";
import { KINDS } from "../crds/kinds.ts";
import { approver, partnerSigner } from "./authority.ts";
import { nameServer } from "./dns.ts";
import { type Manifest, namespace } from "./objects.ts";
import { operator } from "./operator.ts";
import { type HubSettings, NAMESPACE } from "./settings.ts";

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
    ...operator(settings),
    ...approver(settings),
    ...partnerSigner(settings),
    ...nameServer(settings),
  ];
  return [...KINDS.map(customResourceDefinition), ...namespacesFirst(rest)];
}

/** Objects of one part live in the namespaces of another. */
function namespacesFirst(objects: readonly Manifest[]): readonly Manifest[] {
  const isNamespace = ({ kind }: Manifest) => kind === "Namespace";
  return [...objects.filter(isNamespace), ...objects.filter((each) => !isNamespace(each))];
}
