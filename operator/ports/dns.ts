import type { Client } from "../../kube/client.ts";
import { isAlreadyExists, isConflict } from "../../kube/error.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { configMaps } from "../../kube/resources.ts";

/** One name and where it leads. */
export interface DnsRecord {
  readonly host: string;
  /** IPv4 or IPv6 address. */
  readonly address: string;
}

/** Where the names of failover groups lead. */
export interface Dns {
  /** What a group has published. */
  records(group: string): Promise<readonly DnsRecord[]>;
  /** Publishes a group's records in place of all it had; none takes its names down. Safe to repeat. */
  point(group: string, records: readonly DnsRecord[]): Promise<void>;
}

/** Key of the ConfigMap whose text the name server reads. */
const KEY = "hosts";

/** How often a write that met another one is tried again. */
const ATTEMPTS = 5;

/** Records of every group, by group, in a text of the form of hosts(5): the group stands in each line's comment. */
export function parseHosts(text: string): ReadonlyMap<string, readonly DnsRecord[]> {
  const found = new Map<string, DnsRecord[]>();
  for (const line of text.split("\n")) {
    const [, address, host, group] = /^(\S+)\s+(\S+)\s+#\s*(\S+)$/.exec(line.trim()) ?? [];
    if (address === undefined || host === undefined || group === undefined) continue;
    const records = found.get(group) ?? [];
    records.push({ host, address });
    found.set(group, records);
  }
  return found;
}

/** The text of {@link parseHosts}, in an order that depends on the records alone. */
export function renderHosts(groups: ReadonlyMap<string, readonly DnsRecord[]>): string {
  const lines = [...groups].flatMap(([group, records]) =>
    records.map(({ host, address }) => `${address} ${host} # ${group}`),
  );
  return lines
    .toSorted()
    .map((line) => `${line}\n`)
    .join("");
}

/** Names kept in a ConfigMap that the hub's CoreDNS reads (plugin `hosts`). */
export function configMapDns(client: Client, key: ObjectKey, fieldManager: string): Dns {
  const read = async () => {
    const found = await client.get(configMaps, key);
    return { found, groups: new Map(parseHosts(found?.data?.[KEY] ?? "")) };
  };
  return {
    records: async (group) => (await read()).groups.get(group) ?? [],
    async point(group, records) {
      for (let attempt = 1; ; attempt++) {
        const { found, groups } = await read();
        groups.set(group, records);
        const hosts = renderHosts(groups);
        try {
          if (found?.data?.[KEY] === hosts) return;
          const data = { ...found?.data, [KEY]: hosts };
          // Written with the version that was read: two groups at a time never lose each other's names.
          if (found) await client.replace(configMaps, { ...found, data }, { fieldManager });
          else {
            const { apiVersion, kind } = configMaps;
            const { name, namespace } = key;
            await client.create(
              configMaps,
              { apiVersion, kind, metadata: { name, namespace }, data },
              { fieldManager },
            );
          }
          return;
        } catch (error) {
          if (attempt >= ATTEMPTS || !(isConflict(error) || isAlreadyExists(error))) throw error;
        }
      }
    },
  };
}
