import { HUB_LEASE, HUB_LEASE_EVERY_MS, type Roster, SERVED } from "../../crds/shard.ts";
import { type Lease, leases } from "../../kube/resources.ts";

/** Who says it, about which roster. */
export interface HubStatement {
  readonly namespace: string;
  /** This process of the operator: gateways measure its clock. */
  readonly identity: string;
  readonly roster: Roster;
}

/** The Lease by which a stack hears that the hub reaches it, and that this roster is what the hub wants. */
export function hubLease({ namespace, identity, roster }: HubStatement, now: Date): Lease {
  return {
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: {
      name: HUB_LEASE,
      namespace,
      annotations: { [SERVED.rosterVersion]: String(roster.version) },
    },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil((3 * HUB_LEASE_EVERY_MS) / 1000),
      renewTime: now.toISOString().replace("Z", "000Z"),
    },
  };
}
