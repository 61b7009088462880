import type { Kubectl } from "../platform/kubectl.ts";
import { list } from "./cluster-facts.ts";
import { balancerComplaint, podComplaint, type PodView, pullComplaint, type ServiceView } from "./waiting.ts";

/** Length of one wait, in the words of kubectl, and how many there are: images must be pulled first. */
const ROUND = "60s";
const ROUNDS = 10;

/** Waits for addresses of load balancers: clouds take two or three minutes. */
const BALANCER_ROUNDS = 5;

/** Waits until the Deployments of namespaces run as wanted. @throws Error that says of each pod why it does not. */
export async function rolledOut(cluster: Kubectl, namespaces: readonly string[]): Promise<void> {
  const wait = (timeout: string) => ["rollout", "status", "deployment", `--timeout=${timeout}`];
  await patiently(
    cluster,
    namespaces,
    (timeout) => Promise.all(namespaces.map((name) => cluster([...wait(timeout), `--namespace=${name}`]))),
    ROUNDS,
  );
}

/**
 * Waits until a Service has an address of a load balancer.
 *
 * @returns the address or host name.
 * @throws Error that says what the cluster lacks.
 */
export async function addressed(cluster: Kubectl, namespace: string, name: string): Promise<string> {
  const path = "{.status.loadBalancer.ingress[0]}";
  const what = [`service/${name}`, `--namespace=${namespace}`];
  await patiently(
    cluster,
    [namespace],
    (timeout) => cluster(["wait", ...what, `--timeout=${timeout}`, `--for=jsonpath=${path}`]),
    BALANCER_ROUNDS,
  );
  const { ip, hostname } = JSON.parse(await cluster(["get", ...what, `--output=jsonpath=${path}`])) as {
    readonly ip?: string;
    readonly hostname?: string;
  };
  return ip ?? hostname ?? "";
}

/**
 * Tries again while there is hope: an image that a node cannot pull ends it at once.
 *
 * @param namespaces whose pods and Services it hangs on.
 * @param work fails when a time, in the words of kubectl, has passed.
 * @throws Error with what pods and Services say about it, or else with what the last try said.
 */
export async function patiently<T>(
  cluster: Kubectl,
  namespaces: readonly string[],
  work: (timeout: string) => Promise<T>,
  rounds: number = ROUNDS,
): Promise<T> {
  const all = async <Item>(kind: string) =>
    (await Promise.all(namespaces.map((name) => list<Item>(cluster, [kind, `--namespace=${name}`])))).flat();
  for (let round = 1; ; round++) {
    try {
      return await work(ROUND);
    } catch (cause) {
      const pods = await all<PodView>("pods");
      const hopeless = said(pods.map(pullComplaint));
      if (hopeless !== undefined) throw new Error(hopeless, { cause });
      if (round < rounds) continue;
      const last = said([...pods.map(podComplaint), balancerComplaint(await all<ServiceView>("services"))]);
      throw last === undefined ? cause : new Error(last, { cause });
    }
  }
}

function said(complaints: readonly (string | undefined)[]): string | undefined {
  return complaints.filter((line) => line !== undefined).join("\n") || undefined;
}
