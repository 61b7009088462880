import { isolations, type Isolation, type NetworkWorld, type Opening } from "./policy.ts";

const TABLE = "table inet wekeza_policy";

/**
 * The nftables rules that enforce all policies of a cluster, replacing those from before in one transaction.
 *
 * A packet passes two base chains: what leaves an isolated pod must be open there, and then what enters one. The hooks
 * see pods' own addresses, because kube-proxy translates a Service's address before and hides a sender's after them.
 * Packets of the node itself (the kubelet's probes) go through neither hook. A pod always reaches itself.
 */
export function policyRules(world: NetworkWorld): string {
  const [leaving, entering] = [isolations(world, "Egress"), isolations(world, "Ingress")];
  return `${TABLE}
delete ${TABLE}
${TABLE} {
${[...leaving.map((pod) => podChain("out", "daddr", pod)), ...entering.map((pod) => podChain("in", "saddr", pod))].join("")}
${baseChain("leaving", "forward", -10, "saddr", "out", leaving)}
${baseChain("leaving_to_node", "input", -10, "saddr", "out", leaving)}
${baseChain("entering", "forward", 0, "daddr", "in", entering)}
}
`;
}

function baseChain(
  name: string,
  hook: "forward" | "input",
  priority: number,
  end: "saddr" | "daddr",
  prefix: "in" | "out",
  pods: readonly Isolation[],
): string {
  const verdicts = pods.map(({ address }) => `${address} : goto ${chainName(prefix, address)}`);
  const map = pods.length === 0 ? "" : `    ip ${end} vmap { ${verdicts.join(", ")} }\n`;
  return `  chain ${name} {
    type filter hook ${hook} priority ${priority}; policy accept;
    ct state established,related accept
${map}  }`;
}

function podChain(prefix: "in" | "out", other: "saddr" | "daddr", { address, openings }: Isolation): string {
  const lines = [
    `ip ${other} ${address} accept`,
    ...openings.flatMap((opening) => acceptLines(opening, other)),
    "drop",
  ];
  return `  chain ${chainName(prefix, address)} {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n`;
}

function acceptLines({ addresses, block, ports }: Opening, other: "saddr" | "daddr"): readonly string[] {
  const who = [
    ...(addresses === undefined ? [] : [`ip ${other} { ${addresses.join(", ")} }`]),
    ...(block === undefined ? [] : [`ip ${other} ${block.cidr}`]),
    ...(block?.except?.length ? [`ip ${other} != { ${block.except.join(", ")} }`] : []),
  ];
  if (ports === undefined) return [[...who, "accept"].join(" ")];
  const byProtocol = Map.groupBy(ports, ({ protocol }) => protocol);
  return [...byProtocol].map(([protocol, some]) => {
    const numbers = [...new Set(some.map(({ port }) => port))];
    // "0-65535" stands for all; as an element among others it would overlap them.
    const match = numbers.includes("0-65535")
      ? `meta l4proto ${protocol}`
      : `${protocol} dport { ${numbers.join(", ")} }`;
    return [...who, match, "accept"].join(" ");
  });
}

function chainName(prefix: string, address: string): string {
  return `${prefix}_${address.replaceAll(".", "_")}`;
}
