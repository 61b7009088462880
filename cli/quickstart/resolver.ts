import { Resolver } from "node:dns/promises";
import type { LookupFunction } from "node:net";

/** Answers name look-ups of a socket, in the form `net.connect` takes. */
export type Lookup = LookupFunction;

/**
 * Look-ups that ask one name server and nothing else of the machine: no `/etc/hosts`, no `resolv.conf`.
 *
 * @param server address of the name server, with `:port` unless 53.
 */
export function lookupThrough(server: string): Lookup {
  const resolver = new Resolver({ timeout: 2_000, tries: 3 });
  resolver.setServers([server]);
  return (hostname, options, callback) => {
    resolver.resolve4(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) callback(unresolved(hostname, server, "no address"), "", 4);
        else if (options.all === true)
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
        else callback(null, first, 4);
      },
      (cause: unknown) => callback(unresolved(hostname, server, cause), "", 4),
    );
  };
}

function unresolved(hostname: string, server: string, cause: unknown): NodeJS.ErrnoException {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "ENOTFOUND";
  return Object.assign(
    new Error(`the name server ${server} does not resolve ${hostname} (${code})`, { cause }),
    { code },
  );
}
