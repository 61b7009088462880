import type { Manifest } from "../../kube/object.ts";
import { keyOf } from "../../kube/object.ts";
import type { PartnerObject } from "../../crds/resources.ts";

/** The objects of one Partner, in the order of creation: `objects.json` with the Partner's words in it. */
export function objectsOf(templates: string, { metadata, spec }: PartnerObject): readonly Manifest[] {
  const { namespace = "", name } = keyOf({ metadata });
  const text = templates
    .replaceAll("$namespace", namespace)
    .replaceAll("$name", name)
    .replaceAll("$displayName", spec.displayName);
  return JSON.parse(text) as readonly Manifest[];
}
