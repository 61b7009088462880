import type { PartnerObject } from "../../crds/resources.ts";

/** The groups in which a partner's consents may be: where it is to be served, and where it still is or was seen to be. */
export function groupsOf({ spec, status }: PartnerObject): readonly string[] {
  return [...spec.groups, ...(status?.groups?.map(({ name }) => name) ?? [])];
}
