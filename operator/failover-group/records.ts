import type { FailoverGroupObject } from "../../crds/resources.ts";
import type { DnsRecord, Pointing } from "../ports/dns.ts";
import type { Addresses } from "./component.ts";
import type { World } from "./world.ts";

/** What happens outside the clusters: names are pointed at addresses, or taken down. */
export interface NamesAction extends Pointing {
  readonly do: "pointNames";
}

/** Where the names of a group lead, as far as its load balancers have addresses. */
export function recordsOf({ spec }: FailoverGroupObject, addresses: Addresses): readonly DnsRecord[] {
  return (["api", "auth", "mtlsAuth"] as const).flatMap((name) => {
    const address = addresses[name];
    return address === undefined ? [] : [{ host: spec.hosts[name], address }];
  });
}

/** Whether both say the same, in whatever order. */
export function sameRecords(a: readonly DnsRecord[], b: readonly DnsRecord[]): boolean {
  const text = (records: readonly DnsRecord[]) =>
    records
      .map(({ host, address }) => `${host} ${address}`)
      .toSorted()
      .join();
  return text(a) === text(b);
}

/** Points the names of a group at these addresses; none takes them down. */
export function pointNames(
  { metadata }: FailoverGroupObject,
  records: readonly DnsRecord[],
  { neighbours }: World,
): NamesAction {
  return { do: "pointNames", group: metadata.name, records, others: neighbours.map(({ name }) => name) };
}
