import { BlockList, isIP } from "node:net";

/** Addresses that are not on the public Internet (RFC 6890 and the IANA registries of special-purpose addresses). */
const special = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  special.addSubnet(network, bits, "ipv4");

/** The one part of IPv6 that is given out for use on the Internet, and what within it leads elsewhere. */
const publicV6 = new BlockList();
publicV6.addSubnet("2000::", 3, "ipv6");
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  special.addSubnet(network, bits, "ipv6");

/** Whether an address is one that anybody on the Internet may be reached at. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, "ipv4");
    case 6:
      return publicV6.check(address, "ipv6") && !special.check(address, "ipv6");
    default:
      return false;
  }
}

/** The host of a URL as `dns.lookup` takes it. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}

/**
 * Why notifications cannot be sent to a URL, by the URL alone; undefined when they can.
 *
 * @param privateHosts hosts that a sandbox may call though they are not on the Internet.
 */
export function objectionToUrl(text: string, privateHosts: readonly string[]): string | undefined {
  if (!URL.canParse(text)) return "is no URL";
  const url = new URL(text);
  const host = hostOf(url);
  if (url.protocol !== "https:") return "must begin with https://";
  if (url.username !== "" || url.password !== "") return "must not carry a user name or password";
  if (url.hash !== "") return "must not carry a fragment (#)";
  if (privateHosts.includes(host)) return undefined;
  if (url.port !== "") return "must use the port of https, 443";
  if (isIP(host) !== 0) return "must name a host, not an address";
  return /\.[a-z]/i.test(host) ? undefined : "must name a host on the Internet";
}

/** A host that must not be called. */
export class TargetRefused extends Error {
  override readonly name = "TargetRefused";
}

/**
 * The address to connect to, of those a host has; the connection is made to it and to no other, so that a name which
 * changes its mind between the look and the call changes nothing.
 *
 * @throws TargetRefused when it has none, or one of them is not on the Internet: a public name has no reason to have it.
 */
export function pinnedAddress(
  host: string,
  addresses: readonly string[],
  privateHosts: readonly string[],
): string {
  const [first] = addresses;
  if (first === undefined) throw new TargetRefused(`${host} has no address.`);
  const inside = addresses.find((address) => !isPublic(address));
  if (inside === undefined || privateHosts.includes(host)) return first;
  throw new TargetRefused(`${host} leads to ${inside}, which is not on the Internet.`);
}
