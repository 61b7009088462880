import { expect, test } from "vitest";
import { balancerComplaint, podComplaint } from "./waiting.ts";

const metadata = { namespace: "wekeza-system", name: "wekeza-operator-1" };
const container = (reason: string, message = "said so.") => ({
  image: "registry.example/bank/wekeza:1",
  state: { waiting: { reason, message } },
});

test.each([
  {
    why: "an image that cannot be pulled",
    status: { containerStatuses: [container("ImagePullBackOff")] },
    says: "cannot pull registry.example/bank/wekeza:1: said so. Nodes must be allowed",
  },
  {
    why: "an init container that cannot be pulled",
    status: { initContainerStatuses: [container("ErrImagePull")] },
    says: "cannot pull",
  },
  {
    why: "a process that ends again and again",
    status: { containerStatuses: [container("CrashLoopBackOff")] },
    says: "kubectl logs --namespace wekeza-system wekeza-operator-1 --previous",
  },
  {
    why: "full nodes",
    status: { conditions: [{ type: "PodScheduled", status: "False", message: "Insufficient cpu" }] },
    says: "no node takes it: Insufficient cpu",
  },
])("$why is said with the pod's name", ({ status, says }) => {
  const line = podComplaint({ metadata, status });
  expect(line).toContain("Pod wekeza-system/wekeza-operator-1: ");
  expect(line).toContain(says);
});

test("a pod that is being made is no complaint", () => {
  expect(
    podComplaint({ metadata, status: { containerStatuses: [container("ContainerCreating", "")] } }),
  ).toBeUndefined();
  expect(podComplaint({ metadata })).toBeUndefined();
});

test("Services without an address are named, the others are not", () => {
  const service = (name: string, type: string, ingress: readonly { ip?: string; hostname?: string }[]) => ({
    metadata: { namespace: "stack-here", name },
    spec: { type },
    status: { loadBalancer: { ingress } },
  });
  const good = [
    service("banking", "ClusterIP", []),
    service("auth", "LoadBalancer", [{ hostname: "a.example" }]),
    service("api", "LoadBalancer", [{ ip: "192.0.2.1" }]),
  ];
  expect(balancerComplaint(good)).toBeUndefined();
  expect(balancerComplaint([...good, service("mtls-auth", "LoadBalancer", [])])).toMatch(
    /^no address for Service stack-here\/mtls-auth: .*LoadBalancer/,
  );
});
