/** A pod as far as it says why it does not start. */
export interface PodView {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { type: string; status: string; message?: string }[];
    readonly containerStatuses?: readonly ContainerView[];
    readonly initContainerStatuses?: readonly ContainerView[];
  };
}

interface ContainerView {
  readonly image: string;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
}

/** A Service as far as it says whether it has an address. */
export interface ServiceView {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly type?: string };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
}

/** That a node cannot pull an image of a pod, in a line that says what to do. Waiting longer seldom helps. */
export function pullComplaint({ metadata, status }: PodView): string | undefined {
  for (const { image, reason, message } of waits(status)) {
    if (/ImagePull|InvalidImageName|ImageInspect/.test(reason))
      return `Pod ${metadata.namespace}/${metadata.name}: the node cannot pull ${image}: ${message || reason} Nodes must be allowed to pull from REGISTRY without a login of the pod's.`;
  }
  return undefined;
}

/** Why a pod does not start, in a line that says what to do; undefined when it has started or is about to. */
export function podComplaint(pod: PodView): string | undefined {
  const { metadata, status } = pod;
  const who = `Pod ${metadata.namespace}/${metadata.name}`;
  const pull = pullComplaint(pod);
  if (pull !== undefined) return pull;
  const failed = waits(status).find(({ reason }) => /BackOff|Error/.test(reason));
  if (failed !== undefined)
    return `${who}: ${failed.reason}: ${failed.message} See \`kubectl logs --namespace ${metadata.namespace} ${metadata.name} --previous\`.`;
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  return scheduled?.status === "False" ? `${who}: no node takes it: ${scheduled.message ?? ""}` : undefined;
}

function waits(status: PodView["status"]) {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
    ({ image, state }) => ({ image, reason: "", message: "", ...state?.waiting }),
  );
}

/** What the load balancers have not given yet, in a line that says what to do; undefined when every Service has an address. */
export function balancerComplaint(services: readonly ServiceView[]): string | undefined {
  const waiting = services
    .filter(({ spec, status }) => spec.type === "LoadBalancer" && !status?.loadBalancer?.ingress?.length)
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return waiting.length === 0
    ? undefined
    : `no address for Service ${waiting.join(", ")}: the cluster needs something that serves Services of type LoadBalancer (a cloud's controller, MetalLB, …), with addresses left`;
}
