import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, realpath, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CommandError, lastLines, run } from "../command.ts";
import { until } from "../wait.ts";
import type { Cluster, ClusterFolder } from "./cluster.ts";
import { diskMachine, diskObstacle } from "./disk-obstacle.ts";
import { inside } from "./namespaces.ts";
import { type ProcessId, readState } from "./process-state.ts";

/** Octets that a cluster's volumes may have together. The image has holes where nothing was written: it begins with 70 MB. */
const SIZE = 32 * 2 ** 30;

/** What is deleted leaves the image (`discard`). A disk that fails is read-only until it is mounted anew. */
const MOUNT = ["-t", "ext4", "-o", "loop,discard,nosuid,nodev,errors=remount-ro"];

/**
 * Makes the disk for a cluster's volumes, an image file with an ext4 that can encrypt, and tries it. One that is there stays.
 *
 * @returns why its volumes are plain folders, as the end of a sentence; undefined when they are not.
 */
export async function ensureVolumeDisk(
  { folder, tools }: Pick<Cluster, "folder" | "tools">,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const { volumes, volumeDisk } = folder;
  if (existsSync(volumeDisk)) return undefined;
  const obstacle = diskObstacle(diskMachine(environment));
  if (obstacle !== undefined) return obstacle;
  // Mounted over them, a disk would hide the volumes that are there.
  const older =
    (await readState(folder)) !== undefined || (await readdir(volumes).catch(() => [])).length > 0;
  if (older)
    return 'they were made when they could not be encrypted; "make down", then "make up" makes new ones';
  const unfinished = `${volumeDisk}.unfinished`;
  await mkdir(volumes, { recursive: true });
  await rm(unfinished, { force: true });
  await writeFile(unfinished, "", { mode: 0o600 });
  await truncate(unfinished, SIZE);
  const refused = await refusal(unfinished, volumes, tools.volumeKey);
  if (refused === undefined) await rename(unfinished, volumeDisk);
  else await rm(unfinished);
  return refused;
}

/** What a kernel and a mkfs that have all the names cannot do is seen only when they are asked to. */
async function refusal(image: string, at: string, program: string): Promise<string | undefined> {
  const script = `set -e
image=$1 at=$2 program=$3; shift 3
mount "$@" "$image" "$at"
mkdir "$at/try"
head -c 64 /dev/urandom | base64 -w 0 | "$program" seal "$at/try"
echo something >"$at/try/file"
rm -r "$at/try"`;
  const alone = ["--mount", "--propagation", "private", "sh", "-c", script, "try", image, at, program];
  try {
    await run("mkfs.ext4", ["-q", "-F", "-m", "0", "-O", "encrypt", "-J", "size=64", image]);
    await run("unshare", [...alone, ...MOUNT]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return `a disk for them was refused (${lastLines(error.stderr, 1)})`;
  }
  await until(async () => (await loopDevice(image)) === undefined, {
    timeout: 30_000,
    every: 10,
    what: `the kernel to let go of ${image}`,
  });
  return undefined;
}

/** Mounts a cluster's disk, if it has one, where only the cluster sees it, and makes its volumes readable. The mount ends with the cluster. */
export async function mountVolumeDisk({ folder, tools }: Cluster, first: ProcessId): Promise<void> {
  const { volumes, volumeDisk, volumeKeys } = folder;
  if (!existsSync(volumeDisk)) return;
  const there = inside(first);
  await check(volumeDisk);
  await run("nsenter", [...there, "mount", ...MOUNT, volumeDisk, volumes]);
  const keys = await readdir(volumeKeys).catch(() => []);
  for (const name of keys) {
    const volume = join(volumes, name);
    // A key whose volume was removed last, or that was not finished, is nobody's.
    if (!existsSync(seenFrom(first, volume))) continue;
    const input = await readFile(join(volumeKeys, name), "utf8");
    await run("nsenter", [...there, tools.volumeKey, "seal", volume], { input });
  }
}

/** A file system that noticed an error, as where the machine's disk was full, is mended before it is written again. */
async function check(image: string): Promise<void> {
  if ((await loopDevice(image)) !== undefined) return;
  try {
    await run("e2fsck", ["-p", image]);
  } catch (error) {
    // 1: mended (e2fsck(8)).
    if (error instanceof CommandError && error.status === 1) return;
    throw error;
  }
}

/** What a person is told where volumes are not encrypted. @param reason as {@link ensureVolumeDisk} gives it. */
export function plainVolumes(reason: string): string {
  return `volumes are plain folders, not encrypted: ${reason}`;
}

/** Whether the volumes of a running cluster lie on a disk that encrypts them. */
export async function volumesEncrypted(folder: ClusterFolder): Promise<boolean> {
  const state = await readState(folder);
  return state !== undefined && (await isMountPoint(seenFrom(state.first, folder.volumes)));
}

/** A path as a process sees it, which may have mounts of its own. */
export function seenFrom({ pid }: ProcessId, path: string): string {
  return `/proc/${pid}/root${path}`;
}

/** Whether a file system of its own begins at a folder. */
export async function isMountPoint(folder: string): Promise<boolean> {
  return (await stat(folder)).dev !== (await stat(dirname(folder))).dev;
}

/** The loop device that has an image, as `loop0`; undefined when none has. */
export async function loopDevice(image: string): Promise<string | undefined> {
  const path = await realpath(image).catch(() => image);
  const devices = (await readdir("/sys/block").catch(() => [])).filter((name) => name.startsWith("loop"));
  for (const device of devices) {
    const file = await readFile(`/sys/block/${device}/loop/backing_file`, "utf8").catch(() => "");
    if (file.trim() === path) return device;
  }
  return undefined;
}
