import type { KubeObject } from "../../kube/object.ts";

/** The name by which the StorageClass asks for this provisioner. */
export const PROVISIONER = "local.wekeza.io/folder";

export interface Claim extends KubeObject {
  readonly spec: {
    readonly storageClassName?: string | undefined;
    readonly volumeName?: string | undefined;
    readonly accessModes?: readonly string[] | undefined;
    readonly resources?: { readonly requests?: { readonly storage?: string } | undefined } | undefined;
  };
  readonly status?: { readonly phase?: string | undefined };
}

export interface Volume extends KubeObject {
  readonly spec: {
    readonly [field: string]: unknown;
    readonly hostPath?: { readonly path: string; readonly type?: string } | undefined;
  };
  readonly status?: { readonly phase?: string | undefined };
}

export interface StorageClass extends KubeObject {
  readonly provisioner: string;
  readonly reclaimPolicy?: string | undefined;
}

/** A pod, as far as its volumes go. */
export interface ClaimingPod extends KubeObject {
  readonly spec: {
    readonly securityContext?: { readonly fsGroup?: number | undefined } | undefined;
    readonly volumes?:
      | readonly { readonly persistentVolumeClaim?: { readonly claimName: string } | undefined }[]
      | undefined;
  };
}

/** A folder to make and the volume that stands for it. */
export interface NewVolume {
  readonly volume: Volume;
  readonly folder: string;
  /** Group of the folder; undefined when no pod named one, and then everybody may write. */
  readonly group: number | undefined;
}

/** Everything the provisioner looks at. */
export interface VolumeWorld {
  readonly claims: readonly Claim[];
  readonly volumes: readonly Volume[];
  readonly classes: readonly StorageClass[];
  readonly pods: readonly ClaimingPod[];
}

/**
 * The volumes to make: one for each claim of our class that the scheduler has given to the node.
 *
 * @param root folder below which the volumes' folders lie.
 */
export function newVolumes(world: VolumeWorld, root: string, node: string): readonly NewVolume[] {
  const have = new Set(world.volumes.map(({ metadata }) => metadata.name));
  return world.claims.flatMap((claim) => {
    const { metadata, spec } = claim;
    const storageClass = world.classes.find(({ metadata: { name } }) => name === spec.storageClassName);
    const selected = metadata.annotations?.["volume.kubernetes.io/selected-node"];
    const name = `pvc-${metadata.uid}`;
    if (storageClass?.provisioner !== PROVISIONER || spec.volumeName || selected !== node || have.has(name))
      return [];
    const folder = `${root}/${name}`;
    const volume = volumeFor(claim, storageClass, { name, folder, node });
    return [{ volume, folder, group: groupFor(claim, world.pods) }];
  });
}

/** The volumes to remove with their folders: ours, whose claim is gone. */
export function releasedVolumes({ volumes }: VolumeWorld): readonly Volume[] {
  return volumes.filter(
    ({ metadata, spec, status }) =>
      status?.phase === "Released" &&
      spec["persistentVolumeReclaimPolicy"] === "Delete" &&
      metadata.annotations?.["pv.kubernetes.io/provisioned-by"] === PROVISIONER,
  );
}

/** The group by which the claim's pods write. */
function groupFor({ metadata }: Claim, pods: readonly ClaimingPod[]): number | undefined {
  const users = pods.filter(
    (pod) =>
      pod.metadata.namespace === metadata.namespace &&
      pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === metadata.name),
  );
  return users.map(({ spec }) => spec.securityContext?.fsGroup).find((group) => group !== undefined);
}

function volumeFor(
  { metadata, spec }: Claim,
  storageClass: StorageClass,
  { name, folder, node }: { readonly name: string; readonly folder: string; readonly node: string },
): Volume {
  const claimRef = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
  };
  const terms = [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }];
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER } },
    spec: {
      capacity: { storage: spec.resources?.requests?.storage ?? "1Gi" },
      accessModes: spec.accessModes ?? ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      storageClassName: storageClass.metadata.name,
      claimRef,
      // Not a "local" volume: the kubelet would change the mode of every file in it at each mount, and Postgres refuses to start then.
      hostPath: { path: folder, type: "Directory" },
      nodeAffinity: { required: { nodeSelectorTerms: terms } },
    },
  };
}
