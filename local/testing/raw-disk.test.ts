import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findBelow, findInFile } from "./raw-disk.ts";

test("octets are found wherever in a file they lie: over the end of a piece, and behind a hole", async () => {
  const folder = await mkdtemp(join(tmpdir(), "raw-disk-"));
  try {
    const file = join(folder, "file");
    const piece = 2 ** 20;
    const handle = await open(file, "w");
    await handle.write("over", piece - 2);
    await handle.write("behind", 40 * piece + 5);
    await handle.sync();
    await handle.close();
    const needles = ["over", "behind", "nowhere"].map((name) => ({ name, octets: Buffer.from(name) }));
    const found = [
      { name: "over", file, offset: piece - 2 },
      { name: "behind", file, offset: 40 * piece + 5 },
    ];
    expect(await findInFile(file, needles)).toEqual(found);
    expect((await findBelow(folder, needles, () => true)).findings).toEqual(found);
    expect(await findBelow(folder, needles, () => false)).toEqual({ findings: [], files: 0, bytes: 0 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
