import { expect, test } from "vitest";
import { type DiskMachine, diskObstacle } from "./disk-obstacle.ts";

const able: DiskMachine = { exists: () => true, has: () => true };
const without = (missing: string): Partial<DiskMachine> => ({ exists: (path) => path !== missing });

test("a machine with everything has no obstacle", () => {
  expect(diskObstacle(able)).toBeUndefined();
});

test.each<{ readonly what: string; readonly machine: Partial<DiskMachine>; readonly says: string }>([
  {
    what: "an ext4 that encrypts",
    machine: without("/sys/fs/ext4/features/encryption"),
    says: "CONFIG_FS_ENCRYPTION",
  },
  { what: "loop devices", machine: without("/dev/loop-control"), says: "/dev/loop-control" },
  {
    what: "mkfs.ext4",
    machine: { has: (program) => program !== "mkfs.ext4" },
    says: "apt-get install e2fsprogs",
  },
])("a machine without $what is told so", ({ machine, says }) => {
  expect(diskObstacle({ ...able, ...machine })).toContain(says);
});
