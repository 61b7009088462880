import { existsSync } from "node:fs";
import type { ClusterPlan, InstancePlan } from "../address-plan.ts";
import { run } from "../command.ts";
import { runInside } from "./namespaces.ts";
import type { ProcessId } from "./process-state.ts";

const ip = (...args: readonly string[]) => run("ip", args);

function linkExists(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

/** Removes a link; that it goes by itself meanwhile, with the network namespace of its other end, is as good. */
async function removeLink(name: string): Promise<void> {
  if (!linkExists(name)) return;
  await ip("link", "delete", name).catch((error: unknown) => {
    if (linkExists(name)) throw error;
  });
}

/** The switch between the host and all nodes of an instance. Safe to repeat. */
export async function ensureBridge({ bridge, host }: InstancePlan): Promise<void> {
  if (!linkExists(bridge)) await ip("link", "add", bridge, "type", "bridge");
  await ip("address", "replace", `${host}/24`, "dev", bridge);
  await ip("link", "set", bridge, "up");
}

/** Plugs a cluster's namespace into the bridge and tells the host and the namespace the ways to each other's networks. */
export async function plugIn(instance: InstancePlan, plan: ClusterPlan, first: ProcessId): Promise<void> {
  await removeLink(plan.link);
  await ip(
    "link",
    "add",
    plan.link,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "address",
    plan.mac,
    "netns",
    String(first.pid),
  );
  await ip("link", "set", plan.link, "master", instance.bridge, "up");
  const others = instance.clusters.filter(({ name }) => name !== plan.name);
  const commands = [
    "link set lo up",
    `address add ${plan.node}/24 dev eth0`,
    "link set eth0 up",
    ...others.flatMap((other) =>
      networksOf(other).map((network) => `route add ${network} via ${other.node}`),
    ),
  ];
  await runInside(first, ["ip", "-batch", "-"], `${commands.join("\n")}\n`);
  for (const network of networksOf(plan)) await ip("route", "replace", network, "via", plan.node);
}

/** Takes a cluster's cable and the host's routes to it away. Safe to repeat. */
export async function unplug(plan: ClusterPlan): Promise<void> {
  // A route ends with the bridge at the latest; before, it may be gone already.
  for (const network of networksOf(plan))
    await ip("route", "delete", network, "via", plan.node).catch(() => "");
  await removeLink(plan.link);
}

/** Takes the bridge away. Safe to repeat. */
export async function removeBridge({ bridge }: InstancePlan): Promise<void> {
  await removeLink(bridge);
}

/** Pulls a cluster's cable out, or puts it back: nobody outside reaches it, nor it anybody. */
export async function setCable(plan: ClusterPlan, state: "up" | "down"): Promise<void> {
  await ip("link", "set", plan.link, state);
}

/** The networks that lie behind a node. */
export function networksOf({ pods, services, loadBalancers }: ClusterPlan): readonly string[] {
  return [pods, services, loadBalancers];
}
