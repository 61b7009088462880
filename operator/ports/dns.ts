import type { Client } from "../../kube/client.ts";
import { isAlreadyExists, isConflict } from "../../kube/error.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { type ConfigMap, configMaps } from "../../kube/resources.ts";

/** One name and where it leads. */
export interface DnsRecord {
  readonly host: string;
  /** IPv4 or IPv6 address. */
  readonly address: string;
}

/** What the name server says. */
export interface Published {
  /** By group; a group that published nothing is not there. */
  readonly groups: ReadonlyMap<string, readonly DnsRecord[]>;
  /** True when more stands there than that: what a hand wrote, or took from our mark. */
  readonly foreign: boolean;
}

/** What a group wants published. */
export interface Pointing {
  readonly group: string;
  /** In place of all it had; none takes its names down. */
  readonly records: readonly DnsRecord[];
  /** Groups that keep theirs; names of anybody else are taken down. */
  readonly others: readonly string[];
}

/** Where the names of failover groups lead. */
export interface Dns {
  published(): Promise<Published>;
  /** Safe to repeat. */
  point(pointing: Pointing): Promise<void>;
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

/** Names kept in a ConfigMap that the hub's CoreDNS reads (plugin `hosts`), marked by this label and manager. */
export function configMapDns(
  client: Client,
  key: ObjectKey,
  {
    labels,
    fieldManager,
  }: { readonly labels: Readonly<Record<string, string>>; readonly fieldManager: string },
): Dns {
  const { apiVersion, kind } = configMaps;
  const { name, namespace } = key;
  const read = () => client.get(configMaps, key);
  return {
    async published() {
      const found = await read();
      const text = found?.data?.[KEY] ?? "";
      const groups = parseHosts(text);
      return {
        groups,
        foreign: text !== renderHosts(groups) || (found !== undefined && !isMarked(found, labels)),
      };
    },
    async point({ group, records, others }) {
      for (let attempt = 1; ; attempt++) {
        const found = await read();
        const published = parseHosts(found?.data?.[KEY] ?? "");
        const kept = others.map((other) => [other, published.get(other) ?? []] as const);
        const hosts = renderHosts(new Map([...kept, [group, records]]));
        if (found?.data?.[KEY] === hosts && isMarked(found, labels)) return;
        try {
          // Applied to the version that was read: two groups at a time never lose each other's names.
          const empty = { apiVersion, kind, metadata: { name, namespace, labels } };
          const base = found ?? (await client.create(configMaps, empty, { fieldManager }));
          const { resourceVersion } = base.metadata;
          const metadata = { ...empty.metadata, resourceVersion };
          await client.apply(
            configMaps,
            { ...empty, metadata, data: { [KEY]: hosts } },
            { fieldManager, force: true },
          );
          return;
        } catch (error) {
          if (attempt >= ATTEMPTS || !(isConflict(error) || isAlreadyExists(error))) throw error;
        }
      }
    },
  };
}

function isMarked({ metadata }: ConfigMap, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value);
}
