import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { labelsOf, metadataOf } from "./metadata.ts";
import type { Stack } from "./stack.ts";

/** Name of the Secret with the certificate of the hosts, in every stack. */
export const HOST_TLS = "host-tls";

/** The stack's namespace: nothing runs in it that is not `restricted` (Pod Security Standards). */
export function namespace(chart: Chart, stack: Stack): void {
  const podSecurity = Object.fromEntries(
    ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  new k8s.KubeNamespace(chart, "namespace", {
    metadata: { name: stack.namespace, labels: { ...labelsOf(stack, "stack"), ...podSecurity } },
  });
}

/** Copies of what others keep: the hosts' certificate, and the two roots of trust. */
export function copies(chart: Chart, stack: Stack): void {
  new k8s.KubeSecret(chart, HOST_TLS, {
    metadata: metadataOf(stack, "hosts", HOST_TLS),
    type: "kubernetes.io/tls",
    data: { "tls.crt": stack.hostTls.certificate, "tls.key": stack.hostTls.key },
  });
  for (const [name, text] of [
    ["service-ca", stack.serviceCa],
    ["partner-ca", stack.partnerCa],
  ] as const)
    new k8s.KubeConfigMap(chart, name, {
      metadata: metadataOf(stack, "trust", name),
      data: { "ca.crt": text },
    });
}
