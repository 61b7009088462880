import type { KubeObject } from "../../kube/object.ts";

/** One entry of a Secret that a container has, as a file or as a variable. */
export interface Holding {
  readonly namespace: string;
  readonly secret: string;
  readonly file: string;
  /** `workload/container`. */
  readonly holder: string;
}

interface Container {
  readonly name: string;
  readonly env?: readonly {
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
  }[];
  readonly envFrom?: readonly { readonly secretRef?: { readonly name: string } }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly subPath?: string }[];
}

interface SecretVolume {
  readonly secretName?: string;
  readonly name?: string;
  readonly items?: readonly { readonly key: string }[];
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly secret?: SecretVolume;
    readonly projected?: { readonly sources?: readonly { readonly secret?: SecretVolume }[] };
  }[];
}

/**
 * What a pod's containers have of Secrets.
 *
 * @param entriesOf the entries of a Secret of the pod's namespace, for mounts of all of it.
 */
export function holdingsOf(pod: KubeObject, entriesOf: (secret: string) => readonly string[]): Holding[] {
  const { metadata } = pod;
  const namespace = metadata.namespace ?? "";
  const spec = (pod as unknown as { readonly spec: PodSpec }).spec;
  const workload = metadata.labels?.["app.kubernetes.io/name"] ?? metadata.name;
  const volumes = (spec.volumes ?? []).flatMap(({ name, secret, projected }) =>
    [secret, ...(projected?.sources ?? []).map((source) => source.secret)].flatMap((source) =>
      source ? [{ volume: name, source }] : [],
    ),
  );
  return [...(spec.initContainers ?? []), ...spec.containers].flatMap((container) => {
    const mounted = (container.volumeMounts ?? []).flatMap(({ name }) =>
      volumes
        .filter(({ volume }) => volume === name)
        .flatMap(({ source: { secretName, name: projectedName, items } }) => {
          const secret = secretName ?? projectedName ?? "";
          return (items?.map(({ key }) => key) ?? entriesOf(secret)).map((file) => ({ secret, file }));
        }),
    );
    const variables = (container.env ?? []).flatMap(({ valueFrom }) => {
      const ref = valueFrom?.secretKeyRef;
      return ref ? [{ secret: ref.name, file: ref.key }] : [];
    });
    const all = (container.envFrom ?? []).flatMap(({ secretRef }) =>
      secretRef ? entriesOf(secretRef.name).map((file) => ({ secret: secretRef.name, file })) : [],
    );
    const holder = `${workload}/${container.name}`;
    return [...mounted, ...variables, ...all].map((each) => ({ namespace, ...each, holder }));
  });
}
