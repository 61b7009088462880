import { run } from "../command.ts";
import { resource } from "../../kube/object.ts";
import { namespaces } from "../../kube/resources.ts";
import { runController } from "./controller-loop.ts";
import type { NetworkedPod, NetworkPolicy } from "./policy.ts";
import { policyRules } from "./policy-rules.ts";

const pods = resource<NetworkedPod>({ apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true });
const policies = resource<NetworkPolicy>({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  namespaced: true,
});

/**
 * Enforces NetworkPolicies on the node.
 *
 * A new pod is isolated from the moment its address is known to the API server, some 100 ms after its first packet could
 * leave: production clusters close that gap in their network plugin.
 *
 * Arguments: kubeconfig, nft program.
 */
async function main([kubeconfig = "", nft = "nft"]: readonly string[]): Promise<void> {
  let enforced = "";
  await runController("network-policy", kubeconfig, [pods, namespaces, policies], async ({ all, log }) => {
    const rules = policyRules({ pods: all(pods), namespaces: all(namespaces), policies: all(policies) });
    if (rules === enforced) return;
    await run(nft, ["-f", "-"], { input: rules });
    enforced = rules;
    log({ policies: all(policies).length, pods: all(pods).length }, "rules replaced");
  });
}

await main(process.argv.slice(2));
