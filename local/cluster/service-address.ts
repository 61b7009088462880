import type { KubeObject } from "../../kube/object.ts";

/** A Service, as far as its outer address goes. */
export interface Service extends KubeObject {
  readonly spec: { readonly type?: string | undefined; readonly loadBalancerIP?: string | undefined };
  readonly status?: {
    readonly loadBalancer?:
      | { readonly ingress?: readonly { readonly ip?: string | undefined }[] | undefined }
      | undefined;
  };
}

/** A Service whose address has to change; undefined takes the address away. */
export interface AddressChange {
  readonly service: Service;
  readonly address: string | undefined;
}

/** Addresses below this one are given only to Services that ask for them by `spec.loadBalancerIP`. */
const FIRST = 100;

/**
 * What must change so that every Service of type LoadBalancer has an address of its own, and no other has one.
 *
 * A Service keeps what it has. Two that have the same (a copied status) are told apart by age.
 *
 * @param pool as "10.75.0.0/16"; its first 256 addresses are used.
 */
export function addressChanges(services: readonly Service[], pool: string): readonly AddressChange[] {
  const prefix = pool.split(".").slice(0, 3).join(".");
  const taken = new Set<string>();
  const waiting: Service[] = [];
  const changes: AddressChange[] = [];
  for (const service of services.toSorted(byAge)) {
    const has = addressOf(service);
    if (service.spec.type !== "LoadBalancer" || service.metadata.deletionTimestamp !== undefined) {
      if (has !== undefined) changes.push({ service, address: undefined });
      continue;
    }
    const wants = service.spec.loadBalancerIP || has;
    if (wants === undefined || wants !== has || !wants.startsWith(`${prefix}.`) || taken.has(wants))
      waiting.push(service);
    else taken.add(wants);
  }
  for (const service of waiting) {
    const wish = service.spec.loadBalancerIP;
    const address = wish?.startsWith(`${prefix}.`) && !taken.has(wish) ? wish : firstFree(prefix, taken);
    if (address === undefined) continue;
    taken.add(address);
    if (address !== addressOf(service)) changes.push({ service, address });
  }
  return changes;
}

/** The address in a Service's status. */
export function addressOf({ status }: Service): string | undefined {
  return status?.loadBalancer?.ingress?.[0]?.ip;
}

function firstFree(prefix: string, taken: ReadonlySet<string>): string | undefined {
  for (let last = FIRST; last < 255; last += 1) {
    if (!taken.has(`${prefix}.${last}`)) return `${prefix}.${last}`;
  }
  return undefined;
}

function byAge(one: Service, other: Service): number {
  const key = ({ metadata }: Service) =>
    `${metadata.creationTimestamp} ${metadata.namespace}/${metadata.name}`;
  return key(one) < key(other) ? -1 : 1;
}
