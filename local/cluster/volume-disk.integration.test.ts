import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheFolder } from "../paths.ts";
import { findInFile } from "../testing/raw-disk.ts";
import { GO_MODULES, goPrograms } from "../toolchain/go.ts";
import { until } from "../wait.ts";
import { type Cluster, type ClusterFolder, clusterFolder } from "./cluster.ts";
import { diskMachine, diskObstacle } from "./disk-obstacle.ts";
import { identify, type ProcessId } from "./process-state.ts";
import { ensureVolumeDisk, loopDevice, mountVolumeDisk, seenFrom } from "./volume-disk.ts";
import { forgetFolder, sealFolder, type VolumeKeys } from "./volume-key.ts";

const obstacle = process.getuid?.() === 0 ? diskObstacle(diskMachine(process.env)) : "only root mounts";
const canary = (): string => `canary-${randomBytes(12).toString("hex")}`;

/** Required key not available, errno(3); Node has no name for it. */
const ENOKEY = 126;

let run: string;
let folder: ClusterFolder;
let cluster: Cluster;
let keys: VolumeKeys;
/** Why this kernel cannot, as it said itself. */
let refused: string | undefined;
let holder: ProcessId | undefined;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  run = await mkdtemp(join(tmpdir(), "volumes-"));
  folder = clusterFolder(run, "ke");
  const { output } = GO_MODULES.volumes;
  const program = join(await goPrograms(cacheFolder(process.env), GO_MODULES.volumes), output);
  // A disk needs no more of a cluster.
  cluster = { folder, tools: { volumeKey: program } } as unknown as Cluster;
  keys = { folder: folder.volumeKeys, program };
  refused = await ensureVolumeDisk(cluster, process.env);
});

afterAll(async () => {
  try {
    await end();
  } finally {
    if (run !== undefined) await rm(run, { recursive: true, force: true });
  }
});

/** A process with mounts of its own, as a cluster's first one has. @returns a volume as it sees it. */
async function start(): Promise<(name: string) => string> {
  const child = spawn("unshare", ["--mount", "--propagation", "private", "sleep", "300"]);
  await once(child, "spawn");
  const pid = child.pid ?? -1;
  holder = await identify(pid);
  await until(async () => (await readFile(`/proc/${pid}/comm`, "utf8")).trim() === "sleep", {
    timeout: 10_000,
    every: 10,
    what: "a process with mounts of its own",
  });
  const first = holder;
  await mountVolumeDisk(cluster, first);
  return (name) => seenFrom(first, join(folder.volumes, name));
}

/** Ends it, as a power cut would, and waits until its disk is whole in the image. */
async function end(): Promise<void> {
  if (holder === undefined) return;
  process.kill(holder.pid, "SIGKILL");
  holder = undefined;
  const options = { timeout: 30_000, every: 20, what: "the kernel to let go of the disk" };
  await until(async () => (await loopDevice(folder.volumeDisk)) === undefined, options);
}

test("volumes are encrypted on the disk, for as long as their keys are there", async ({ skip }) => {
  const reason = obstacle ?? refused;
  if (reason !== undefined) skip(reason);
  const [inside, name, beside] = [canary(), canary(), canary()];
  let at = await start();
  await mkdir(at("pvc-1"));
  await sealFolder(keys, at("pvc-1"));
  await chown(at("pvc-1"), 0, 1000);
  await chmod(at("pvc-1"), 0o2770);
  await writeFile(join(at("pvc-1"), name), `${inside}\n`.repeat(1000));
  await mkdir(at("plain"));
  await writeFile(join(at("plain"), "file"), beside);
  expect(existsSync(join(folder.volumes, "pvc-1"))).toBe(false);
  await end();

  const needles = Object.entries({ inside, name, beside });
  const found = await findInFile(
    folder.volumeDisk,
    needles.map(([what, text]) => ({ name: what, octets: Buffer.from(text) })),
  );
  expect(found).toEqual([{ name: "beside", file: folder.volumeDisk, offset: expect.any(Number) }]);
  expect((await stat(folder.volumeDisk)).blocks * 512).toBeLessThan(200 * 2 ** 20);
  expect((await stat(join(folder.volumeKeys, "pvc-1"))).mode & 0o777).toBe(0o600);

  // The next life of the cluster reads it, under the same owner.
  at = await start();
  expect((await readFile(join(at("pvc-1"), name), "utf8")).slice(0, inside.length)).toBe(inside);
  expect(await stat(at("pvc-1"))).toMatchObject({ gid: 1000, mode: 0o42770 });
  expect((await stat(join(at("pvc-1"), name))).gid).toBe(1000);
  await end();

  // Whoever has the disk without the key has names that say nothing, and no contents.
  const elsewhere = await readFile(join(folder.volumeKeys, "pvc-1"));
  await rm(join(folder.volumeKeys, "pvc-1"));
  at = await start();
  const [locked = ""] = await readdir(at("pvc-1"));
  expect(locked).not.toBe(name);
  await expect(readFile(join(at("pvc-1"), locked))).rejects.toMatchObject({ errno: -ENOKEY });
  await writeFile(join(folder.volumeKeys, "pvc-1"), elsewhere, { mode: 0o600 });
  await sealFolder(keys, at("pvc-1"));
  expect(await readdir(at("pvc-1"))).toEqual([name]);

  // A volume that is removed takes its key with it; one that was not finished is none.
  await rm(at("pvc-1"), { recursive: true });
  await forgetFolder(keys, at("pvc-1"));
  await forgetFolder(keys, at("pvc-1"));
  expect(await readdir(folder.volumeKeys)).toEqual([]);
  await end();
});

test.skipIf(obstacle !== undefined)("a disk is not mounted over volumes that are plain", async () => {
  const older = clusterFolder(run, "eu");
  await mkdir(join(older.volumes, "pvc-2"), { recursive: true });
  expect(await ensureVolumeDisk({ ...cluster, folder: older }, process.env)).toMatch(/make down/);
  expect(existsSync(older.volumeDisk)).toBe(false);
});
