import { CommandError } from "../command.ts";
import type { Kubectl } from "./kubectl.ts";

const KINDS = "regions,failovergroups,consentpolicies,partners";

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
  };
}

/**
 * Waits until every resource of ours in the hub is Ready.
 *
 * @returns how many there are.
 * @throws Error that says of each that is not what it waits for.
 */
export async function everythingReady(hub: Kubectl, timeout: string): Promise<number> {
  try {
    await hub(["wait", KINDS, "--all", "--all-namespaces", "--for=condition=Ready", `--timeout=${timeout}`]);
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    const unready = (await resources(hub)).map(complaint).filter((line) => line !== undefined);
    throw new Error(`after ${timeout}:\n${unready.join("\n")}`, { cause });
  }
  return (await resources(hub)).length;
}

async function resources(hub: Kubectl): Promise<readonly Resource[]> {
  const { items } = JSON.parse(await hub(["get", KINDS, "--all-namespaces", "-o", "json"])) as {
    items: readonly Resource[];
  };
  return items;
}

/** One line about a resource that is not Ready, or nothing. */
export function complaint({ kind, metadata: { namespace, name }, status }: Resource): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return undefined;
  const who = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
  return ready === undefined
    ? `${who}: the operator has not looked at it yet`
    : `${who}: ${ready.reason}: ${ready.message}`;
}
