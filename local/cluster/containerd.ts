import { join } from "node:path";
import type { Cluster } from "./cluster.ts";

/** Parts of containerd that need what the machine may not have, or that nothing here uses. */
const DISABLED = [
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.internal.v1.opt",
  "io.containerd.tracing.processor.v1.otlp",
];

/** containerd's configuration in a cluster (TOML, version 2). */
export function containerdConfiguration({ plan, folder, tools, images }: Cluster): string {
  const cri = '[plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${folder.containerd}"
state = "/run/containerd"
disabled_plugins = ${JSON.stringify(DISABLED)}

[grpc]
  address = "/run/containerd/containerd.sock"

${cri}]
  sandbox_image = "${images.pause.reference}"
  # Without CAP_SYS_RESOURCE the score cannot be lowered, and no pod would start.
  restrict_oom_score_adj = true

${cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"

${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false

${cri}.cni]
  bin_dir = "${tools.network}"
  conf_dir = "${join(folder.configuration, "cni")}"

# ${plan.id}
`;
}

/** The configuration for filling the image store that every cluster is born with: no CRI, all in one folder. */
export function storeConfiguration(folder: string): string {
  return `version = 2
root = "${join(folder, "root")}"
state = "${join(folder, "state")}"
disabled_plugins = ${JSON.stringify(["io.containerd.grpc.v1.cri", ...DISABLED])}

[grpc]
  address = "${join(folder, "socket")}"
`;
}
