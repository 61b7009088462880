import type { FailoverGroupSpec } from "../../crds/failover-group.ts";
import type { KubeObject } from "../../kube/object.ts";
import { API_VERSION, failoverGroups, type RegionObject } from "../../crds/resources.ts";
import type { GroupView } from "./world.ts";

/** How long a new Region waits for a group that somebody else makes, in ms: the two are often applied together. */
export const PATIENCE = 15_000;

/** Name of the TLS Secret of a group that nobody configured. */
const TLS_SECRET = "default";

/**
 * Whether a region has a group of its own: one that nobody else named it in.
 *
 * Once there it stays, even when another group comes: taking it away would take its data away.
 *
 * @returns milliseconds until the answer may change, where it is "not yet".
 */
export function wantsOwnGroup(
  { metadata }: RegionObject,
  groups: readonly GroupView[],
  now: Date,
): boolean | number {
  if (groups.some(({ own }) => own)) return true;
  if (groups.some(({ member }) => member)) return false;
  const age = now.getTime() - Date.parse(metadata.creationTimestamp ?? now.toISOString());
  return age >= PATIENCE ? true : PATIENCE - age;
}

/** The group of a region that no other group names: its data stays in the region, its names are the region's. */
export function ownGroup(
  { metadata, spec }: RegionObject,
  zone: string,
): KubeObject & { readonly spec: FailoverGroupSpec } {
  const { name } = metadata;
  return {
    apiVersion: API_VERSION,
    kind: failoverGroups.kind,
    metadata: { name },
    spec: {
      members: [name],
      residency: { mode: "local", country: spec.country },
      hosts: {
        api: `api.${name}.${zone}`,
        auth: `auth.${name}.${zone}`,
        mtlsAuth: `mtls.auth.${name}.${zone}`,
        tls: { secretRef: { name: TLS_SECRET } },
      },
    },
  };
}
