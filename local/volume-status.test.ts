import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clusterFolder } from "./cluster/cluster.ts";
import { identify, writeState } from "./cluster/process-state.ts";
import { volumeStatus } from "./volume-status.ts";

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), "volume-status-"));
});
afterEach(() => rm(run, { recursive: true }));

/** A cluster whose first process is this one, which has no mounts of its own. */
async function up(name: "ke" | "eu", volumes: boolean): Promise<void> {
  const folder = clusterFolder(run, name);
  await mkdir(volumes ? folder.volumes : folder.root, { recursive: true });
  await writeState(folder, { first: await identify(process.pid) });
}

const status = (obstacle?: string) =>
  volumeStatus({ instance: { clusters: [{ name: "ke" }, { name: "eu" }] }, run }, obstacle);

test("nothing is said of clusters that are not up", async () => {
  expect(await status()).toEqual([]);
});

test("plain volumes are said with the reason, and what cannot be seen keeps nothing else from being told", async () => {
  await up("ke", false);
  await up("eu", true);
  expect(await status("there are no loop devices here")).toEqual([
    expect.stringMatching(/^ke: whether its volumes are encrypted cannot be seen \(ENOENT: /),
    "eu: volumes are plain folders, not encrypted: there are no loop devices here",
  ]);
});
