import { join } from "node:path";
import type { ClusterPlan, InstancePlan } from "../address-plan.ts";
import type { FoundationImages } from "../image/images.ts";
import type { Tools } from "./tools.ts";

/** All that is needed to run one cluster: its addresses, its folder, the programs and the images. */
export interface Cluster {
  readonly plan: ClusterPlan;
  readonly instance: InstancePlan;
  readonly folder: ClusterFolder;
  readonly tools: Tools;
  readonly images: FoundationImages;
}

/** Where a cluster keeps what. Everything of it is below `root`, so removing that folder forgets the cluster. */
export interface ClusterFolder {
  readonly root: string;
  readonly certificates: string;
  readonly logs: string;
  readonly etcd: string;
  readonly containerd: string;
  readonly kubelet: string;
  readonly volumes: string;
  /** The image of the disk that is mounted at `volumes`, inside the cluster only; absent where the kernel cannot encrypt. */
  readonly volumeDisk: string;
  /** A key for each volume. Apart from the data, beside the other keys. */
  readonly volumeKeys: string;
  readonly configuration: string;
  /** Process ids of the cluster's first process and of what started it. */
  readonly state: string;
}

export function clusterFolder(run: string, name: string): ClusterFolder {
  const root = join(run, name);
  const at = (folder: string) => join(root, folder);
  return {
    root,
    certificates: at("certificates"),
    logs: at("log"),
    etcd: at("etcd"),
    containerd: at("containerd"),
    kubelet: at("kubelet"),
    volumes: at("volumes"),
    volumeDisk: at("volumes.img"),
    volumeKeys: at("certificates/volumes"),
    configuration: at("configuration"),
    state: at("state.json"),
  };
}
