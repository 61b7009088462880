import { GROUP } from "../crds/kind.ts";

/** Label of everything that a scenario itself makes; its value is the corner's. */
export const CORNER_LABEL = "faults.wekeza.test/corner";

/** The clients whose requests and watches can be broken, each behind a proxy of its own. */
export const LINES = ["hub", "region", "csr"] as const;

/** `hub` and `region` are the operator's; `csr` is that of approver and signer. */
export type Line = (typeof LINES)[number];

/** The part of a shared API server that belongs to one plan: names that no other plan uses. */
export interface Corner {
  /** `t17`; part of every name. */
  readonly token: string;
  /** Namespace of Partners and ConsentPolicies. */
  readonly partners: string;
  /** A group and the Region of the same name whose cluster is reached by way of `region`. */
  readonly away: string;
  /** A group and the Region of the same name that is a namespace of the hub. */
  readonly home: string;
}

/** The names of a corner. */
export function cornerOf(number: number): Corner {
  const token = `t${number}`;
  return { token, partners: `partners-${token}`, away: `ke-${token}`, home: `eu-${token}` };
}

/** Which corner an object is in, by its names and labels; undefined for those of the server itself. */
export function tokenOf(metadata: {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}): string | undefined {
  const labels = metadata.labels ?? {};
  const owner = labels[`${GROUP}/owner-namespace`] ?? labels[`${GROUP}/owner-name`];
  for (const text of [metadata.namespace, labels[CORNER_LABEL], owner, metadata.name]) {
    const token = text?.match(/(?:^|-)(t\d+)(?:$|-)/)?.[1];
    if (token !== undefined) return token;
  }
  return undefined;
}

/** A text without what differs from one run to the next: names of corners, client ids, hashes of requests, times. */
export function anonymous(text: string, { token }: Corner): string {
  return (
    text
      .replaceAll(new RegExp(`\\b${token}\\b`, "g"), "tN")
      .replaceAll(/ptn-[0-9a-f]{16}-([a-z]+)-[0-9a-f]{10}/g, "ptn-$1")
      .replaceAll(/ptn-[0-9a-f]{16}/g, "ptn")
      .replaceAll(/https?:\/\/127.0.0.1:\d+/g, "https://server")
      .replaceAll(/(Certificate|under the name) (primary|secondary)(?= is to be renewed| into)/g, "$1 …")
      // A Job's name ends with a hash of what it runs, in which names of the corner are.
      .replaceAll(/\b(keys|migrate|seed)-[0-9a-f]{8}\b/g, "$1-hash")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "then")
  );
}

/** Kinds that live in namespaces of stacks. */
const OF_STACKS = new Set([
  "configmaps",
  "leases",
  "services",
  "serviceaccounts",
  "deployments",
  "statefulsets",
  "jobs",
  "horizontalpodautoscalers",
  "poddisruptionbudgets",
  "networkpolicies",
  "rolebindings",
]);

/**
 * What the server is asked in place of a question about all namespaces: the same about one corner.
 *
 * So a hundred plans share a server, and each sees what it would see alone.
 */
export function lensOf(corner: Corner, line: Line): (path: string) => string {
  const stack = `stack-${line === "region" ? corner.away : corner.home}`;
  const owners = `${GROUP}/owner-name in (${corner.away},${corner.home})`;
  return (path) => {
    const [, prefix = "", plural = "", query = ""] =
      /^(\/apis?(?:\/[^/?]+)?\/v[^/?]+)\/([a-z]+)(?:\?(.*))?$/.exec(path) ?? [];
    const inside = (namespace: string): string => `${prefix}/namespaces/${namespace}/${plural}?${query}`;
    const selecting = (requirement: string): string => {
      const asked = new URLSearchParams(query);
      const before = asked.get("labelSelector");
      asked.set("labelSelector", before === null ? requirement : `${before},${requirement}`);
      return `${prefix}/${plural}?${asked.toString()}`;
    };
    if (plural === "partners" || plural === "consentpolicies") return inside(corner.partners);
    if (OF_STACKS.has(plural)) return inside(stack);
    if (plural === "regions" || plural === "failovergroups")
      return selecting(`${CORNER_LABEL}=${corner.token}`);
    if (plural === "namespaces" || plural === "clusterrolebindings") return selecting(owners);
    if (plural === "certificatesigningrequests")
      return selecting(`${GROUP}/owner-namespace=${corner.partners}`);
    return path;
  };
}
