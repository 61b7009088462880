import { chmod, chown, mkdir, rm } from "node:fs/promises";
import { resource } from "../../kube/object.ts";
import { runController } from "./controller-loop.ts";
import { isMountPoint } from "./volume-disk.ts";
import { forgetFolder, sealFolder } from "./volume-key.ts";
import {
  type Claim,
  type ClaimingPod,
  newVolumes,
  releasedVolumes,
  type StorageClass,
  type Volume,
} from "./volume-plan.ts";

const claims = resource<Claim>({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  namespaced: true,
});
const volumes = resource<Volume>({
  apiVersion: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  namespaced: false,
});
const classes = resource<StorageClass>({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  plural: "storageclasses",
  namespaced: false,
});
const pods = resource<ClaimingPod>({ apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true });

/**
 * Makes a folder of the node a volume for each claim, writable for the pod's group, and removes it with the claim.
 *
 * Where a disk of its own is mounted for the volumes, each is encrypted under its own key, which goes with it.
 *
 * Arguments: kubeconfig, folder for the volumes, node, folder for their keys, the program that encrypts.
 */
async function main([
  kubeconfig = "",
  root = "",
  node = "",
  folderOfKeys = "",
  program = "",
]: readonly string[]): Promise<void> {
  const keys = (await isMountPoint(root)) ? { folder: folderOfKeys, program } : undefined;
  await runController(
    "volume-provisioner",
    kubeconfig,
    [claims, volumes, classes, pods],
    async ({ all, client, log }) => {
      const world = { claims: all(claims), volumes: all(volumes), classes: all(classes), pods: all(pods) };
      for (const { volume, folder, group } of newVolumes(world, root, node)) {
        await mkdir(folder, { recursive: true });
        if (keys !== undefined) await sealFolder(keys, folder);
        await chown(folder, 0, group ?? 0);
        // The set-group-ID bit hands the group on to everything made in it.
        await chmod(folder, group === undefined ? 0o777 : 0o2770);
        await client.apply(volumes, volume, { fieldManager: "volume-provisioner" });
        log({ volume: volume.metadata.name, group, encrypted: keys !== undefined }, "volume made");
      }
      for (const { metadata, spec } of releasedVolumes(world)) {
        // Only what lies in our own folder: the path comes from an object that others can write.
        const path = spec.hostPath?.path ?? "";
        if (path === `${root}/${metadata.name}`) {
          await rm(path, { recursive: true, force: true });
          if (keys !== undefined) await forgetFolder(keys, path);
        }
        await client.delete(volumes, { name: metadata.name }, { uid: metadata.uid ?? "" });
        log({ volume: metadata.name }, "volume removed");
      }
    },
  );
}

await main(process.argv.slice(2));
