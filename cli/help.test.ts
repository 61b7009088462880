import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test.each(["audit", "privacy", "quickstart"])(
  "%s says how it is used to whoever asks, and that is no failure",
  (name) => {
    const args = [join(import.meta.dirname, name, "main.ts"), "--help"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env: {} });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(`node cli/${name}/main.ts`);
  },
);
