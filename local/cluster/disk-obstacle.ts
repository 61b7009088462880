import { existsSync } from "node:fs";
import { inPath } from "../preflight.ts";

/** What a machine has. */
export interface DiskMachine {
  readonly exists: (path: string) => boolean;
  /** Whether a program is in the PATH. */
  readonly has: (program: string) => boolean;
}

/** The machine that this runs on. */
export function diskMachine(environment: NodeJS.ProcessEnv): DiskMachine {
  return { exists: existsSync, has: (program) => inPath(program, environment["PATH"] ?? "") };
}

/** Why a machine cannot keep volumes encrypted, as the end of a sentence; undefined when it should be able to. */
export function diskObstacle({ exists, has }: DiskMachine): string | undefined {
  if (!exists("/sys/fs/ext4/features/encryption"))
    return "this kernel's ext4 does not encrypt (CONFIG_FS_ENCRYPTION)";
  if (!exists("/dev/loop-control")) return "there are no loop devices here (/dev/loop-control)";
  if (!has("mkfs.ext4")) return 'there is no mkfs.ext4; "apt-get install e2fsprogs" brings it';
  return undefined;
}
