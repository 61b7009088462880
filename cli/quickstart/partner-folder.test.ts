import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { forgetPartner, keptPartner, makePartner } from "./partner-folder.ts";

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "quickstart-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test("a partner is kept as it was made until it is forgotten, and nobody else may read it", async () => {
  const folder = await emptyFolder();
  expect(await keptPartner(folder)).toBeUndefined();
  const made = await makePartner(folder, "demo-1");
  expect(await keptPartner(folder)).toEqual(made);
  expect((await stat(join(folder, "partner.json"))).mode & 0o077).toBe(0);
  await forgetPartner(folder);
  expect(await keptPartner(folder)).toBeUndefined();
});

test("a damaged file says what to do", async () => {
  const folder = await emptyFolder();
  await writeFile(join(folder, "partner.json"), "{");
  await expect(keptPartner(folder)).rejects.toThrow("is damaged; remove it");
});
