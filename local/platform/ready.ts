import { CommandError } from "../command.ts";
import type { Kubectl } from "./kubectl.ts";

const KINDS = "regions,failovergroups,consentpolicies,partners";

const OPERATOR = ["get", "deployment", "wekeza-operator", "--namespace", "wekeza-system"] as const;

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly suspended?: boolean };
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
  };
}

/**
 * Waits until every resource of ours in the hub is Ready, with each group on the image that the operator runs itself.
 *
 * A suspended Partner is never Ready, and that is as its owner wants it: it is not waited for.
 *
 * @returns how many there are.
 * @throws Error that says of each that is not what it waits for.
 */
export async function everythingReady(hub: Kubectl, timeout: string): Promise<number> {
  const wait = (...args: readonly string[]) => hub(["wait", ...args, `--timeout=${timeout}`]);
  try {
    const image = await hub([...OPERATOR, "-o", "jsonpath={.spec.template.spec.containers[0].image}"]);
    // Until the new operator has looked, a group still says Ready of what the old one rolled out.
    await wait("failovergroups", "--all", `--for=jsonpath={.status.image}=${image}`);
    await wait("regions,failovergroups", "--all", "--for=condition=Ready");
    for (const { kind, metadata } of (await resources(hub)).filter(isWaitedFor)) {
      const place = metadata.namespace === undefined ? [] : ["--namespace", metadata.namespace];
      await wait(`${kind}/${metadata.name}`, ...place, "--for=condition=Ready");
    }
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    const unready = (await resources(hub)).map(complaint).filter((line) => line !== undefined);
    throw new Error(`after ${timeout}:\n${unready.join("\n") || cause.message}`, { cause });
  }
  return (await resources(hub)).length;
}

function isWaitedFor({ kind, spec }: Resource): boolean {
  return kind === "ConsentPolicy" || (kind === "Partner" && spec?.suspended !== true);
}

async function resources(hub: Kubectl): Promise<readonly Resource[]> {
  const { items } = JSON.parse(await hub(["get", KINDS, "--all-namespaces", "-o", "json"])) as {
    items: readonly Resource[];
  };
  return items;
}

/** One line about a resource that is not Ready, or nothing. */
export function complaint(resource: Resource): string | undefined {
  const { kind, metadata, spec, status } = resource;
  const { namespace, name } = metadata;
  if (spec?.suspended === true) return undefined;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return undefined;
  const who = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
  return ready === undefined
    ? `${who}: the operator has not looked at it yet`
    : `${who}: ${ready.reason}: ${ready.message}`;
}
