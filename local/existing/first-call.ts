import { copyFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Kubectl } from "../platform/kubectl.ts";
import { quickstart } from "../platform/steps.ts";
import { list } from "./cluster-facts.ts";
import { HERE } from "./examples.ts";
import type { Target } from "./target.ts";
import type { ServiceView } from "./waiting.ts";

/** Longest wait for a connection to a load balancer's address, in ms. */
const TIMEOUT = 3_000;

/**
 * The quickstart against a cluster of the user's own, where this machine reaches its load balancers.
 *
 * @returns what to run elsewhere when it does not.
 */
export async function firstCall(cluster: Kubectl, { context, run }: Target): Promise<string | undefined> {
  await copyFile(join(run, "trust/root.pem"), join(run, "root.pem"));
  const services = [
    ...(await list<ServiceView>(cluster, ["services", `--namespace=stack-${HERE}`])),
    ...(await list<ServiceView>(cluster, ["services", "--namespace=wekeza-dns"])),
  ].filter(({ spec }) => spec.type === "LoadBalancer");
  for (const { metadata, status } of services) {
    const { ip } = status?.loadBalancer?.ingress?.[0] ?? {};
    const port = metadata.name === "dns" ? 53 : 443;
    if (ip !== undefined && (await reaches(ip, port))) continue;
    return `left out: this machine does not reach Service ${metadata.namespace}/${metadata.name} at ${ip ?? "a bare IP address"}, port ${port}; run \`make quickstart CONTEXT=${context}\` with ${run} where it is reached`;
  }
  return quickstart();
}

function reaches(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT });
    const done = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", done(true)).on("error", done(false)).on("timeout", done(false));
  });
}
