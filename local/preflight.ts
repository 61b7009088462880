import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { InstancePlan } from "./address-plan.ts";

/** What is known of the machine before anything is started. */
export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  readonly uid: number;
  /** Whether a program of this name is in the PATH. */
  readonly has: (program: string) => boolean;
  /** The host's present routes, as `ip -4 route` prints them. */
  readonly routes: string;
  readonly cache: string;
  /** Gigabytes free where the cache is. */
  readonly freeSpace: number;
  readonly memory: number;
}

/** Programs that come with every Debian but not with every container, and the package that has them. */
const NEEDED: Readonly<Record<string, string>> = {
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  setpriv: "util-linux",
  mount: "mount",
  tar: "tar",
  "dpkg-deb": "dpkg",
  "apt-get": "apt",
  npm: "npm",
};

/** Gigabytes that the caches and three clusters take. */
const SPACE = 12;
const MEMORY = 4;

/**
 * Why the clusters cannot run on a machine, as one sentence that says what to do; undefined when they can.
 *
 * In order: the first reason is the one worth mending first.
 */
export function obstacle(machine: Machine, plan: InstancePlan): string | undefined {
  const { platform, architecture, uid, has, cache } = machine;
  if (platform !== "linux") {
    return `Local clusters need Linux, and this machine runs ${platform}: use a Linux machine or a virtual one.`;
  }
  if (!["x64", "arm64"].includes(architecture)) {
    return `Local clusters run on x64 and arm64, and this machine is ${architecture}.`;
  }
  if (uid !== 0) return "Local clusters need root for namespaces and links: run it again with sudo.";
  const missing = Object.keys(NEEDED).filter((program) => !has(program));
  if (missing.includes("apt-get") || missing.includes("dpkg-deb")) {
    return "Local clusters take containerd and PostgreSQL from Debian packages, and this machine has no apt: use Debian 12 or newer.";
  }
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((program) => NEEDED[program]))].join(" ");
    return `These programs are missing: ${missing.join(", ")}; "apt-get install ${packages}" brings them.`;
  }
  // Inside a cluster's namespaces these folders are its own and empty.
  const hidden = ["/run/", "/var/lib/", "/var/log/", "/proc/", "/sys/"].find((folder) =>
    `${cache}/`.startsWith(folder),
  );
  if (hidden !== undefined)
    return `The cache folder ${cache} lies below ${hidden}, which clusters cannot see: set XDG_CACHE_HOME to another place.`;
  const taken = overlap(machine.routes, plan);
  if (taken !== undefined) {
    return `The machine has a route to ${taken}, which instance ${plan.instance} would use: choose another by WEKEZA_INSTANCE=1 … 11.`;
  }
  if (machine.freeSpace < SPACE) {
    return `Only ${machine.freeSpace.toFixed(0)} GB are free below ${cache} and ${SPACE} are needed: make room or set XDG_CACHE_HOME.`;
  }
  if (machine.memory < MEMORY)
    return `The machine has ${machine.memory.toFixed(0)} GB of memory and three clusters need ${MEMORY}.`;
  return undefined;
}

/** A route of somebody else's into the networks of this instance. */
function overlap(routes: string, { nodes, bridge, clusters }: InstancePlan): string | undefined {
  const first = Number(nodes.split(".")[1]);
  const nodeAddresses = clusters.map(({ node }) => node);
  for (const line of routes.split("\n")) {
    const [network = "", ...words] = line.split(/\s+/);
    const [a, b] = network.split(".").map(Number);
    const own = words.includes(bridge) || nodeAddresses.some((node) => words.includes(node));
    if (a === 10 && b !== undefined && b >= first && b < first + 16 && !own) return network;
  }
  return undefined;
}

/** Whether a program is in the PATH. */
export function inPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
