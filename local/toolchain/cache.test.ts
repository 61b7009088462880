import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cached, contentKey, sweep } from "./cache.ts";

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "cache-test-"));
});
afterAll(() => rm(cache, { recursive: true }));

test("a key depends on every part and on where one part ends", () => {
  expect(contentKey("ab", "c")).toBe(contentKey("ab", "c"));
  expect(contentKey("ab", "c")).not.toBe(contentKey("a", "bc"));
  expect(contentKey("ab", "c")).not.toBe(contentKey("ab", "d"));
});

test("an entry is filled once, even when two ask at once", async () => {
  let fills = 0;
  const fill = async (folder: string) => {
    fills += 1;
    await writeFile(join(folder, "file"), "content");
  };
  const entry = { cache, kind: "twice", key: "k" };
  const [one, two] = await Promise.all([cached(entry, fill), cached(entry, fill)]);
  expect(one).toBe(two);
  expect(fills).toBe(1);
  expect(await readFile(join(one, "file"), "utf8")).toBe("content");
});

test("what fails half-way leaves nothing behind and can be tried again", async () => {
  const entry = { cache, kind: "fails", key: "k" };
  const half = cached(entry, async (folder) => {
    await writeFile(join(folder, "half"), "");
    throw new Error("the disk is full");
  });
  await expect(half).rejects.toThrow("the disk is full");
  expect(await readdir(join(cache, "fails"))).toEqual([]);
  const folder = await cached(entry, (at) => writeFile(join(at, "whole"), ""));
  expect(existsSync(join(folder, "whole"))).toBe(true);
});

test("a sweep keeps what was used last, not what was made last", async () => {
  const entry = (key: string) => ({ cache, kind: "swept", key });
  for (const key of ["first", "second", "third"]) {
    const folder = await cached(entry(key), async () => undefined);
    await utimes(folder, 1, 1);
  }
  await cached(entry("first"), () => Promise.reject(new Error("it is there already")));
  await sweep(cache, "swept", 1);
  expect(await readdir(join(cache, "swept"))).toEqual(["first"]);
});
