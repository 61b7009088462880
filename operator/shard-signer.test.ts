import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { expect, test } from "vitest";
import { embeddedKey } from "../key-store/embedded.ts";
import { KeyStoreError } from "../key-store/error.ts";
import type { Key } from "../key-store/key.ts";
import { manualClock } from "../kube/testing/manual-clock.ts";
import { shardSignerWith } from "./shard-signer.ts";

/** A key whose store can be away, and how often it was asked. */
function movable() {
  const key = embeddedKey("k-1", generateKeyPairSync("ed25519").privateKey);
  const store = { away: false, asked: 0 };
  const moved: Key = {
    ...key,
    async sign(bytes) {
      store.asked += 1;
      if (store.away) throw new KeyStoreError("away", "The key store cannot sign now.");
      return key.sign(bytes);
    },
  };
  return { key: moved, store };
}

/** Lets promises that are settled be heard of. */
const heard = () => new Promise(setImmediate);

test("a store that is away is asked every two seconds for all who wait, and says so until it is back", async () => {
  const { key, store } = movable();
  const clock = manualClock();
  const signer = shardSignerWith(key, { keys: [] }, { clock });
  let told = 0;
  signer.onTrouble(() => (told += 1));
  const before = await signer.sign("x");
  expect(signer.trouble()).toBeUndefined();

  store.away = true;
  await expect(signer.sign("x")).rejects.toThrow("cannot sign now");
  const since = clock.monotonic();
  await expect(signer.sign("y")).rejects.toThrow("cannot sign now");
  expect([store.asked, told]).toEqual([2, 1]);
  clock.pass(2_000);
  await heard();
  expect([store.asked, told]).toEqual([3, 1]);
  expect(signer.trouble()).toMatchObject({ since, error: { message: "The key store cannot sign now." } });

  store.away = false;
  await expect(signer.sign("x")).rejects.toThrow("cannot sign now");
  clock.pass(2_000);
  await heard();
  expect([signer.trouble(), store.asked, told]).toEqual([undefined, 4, 2]);
  expect(await signer.sign("x")).toBe(before);
});

test("whoever stops asks no more", async () => {
  const { key, store } = movable();
  const clock = manualClock();
  const signer = shardSignerWith(key, { keys: [] }, { clock });
  store.away = true;
  await expect(signer.sign("x")).rejects.toThrow("cannot sign now");
  await signer.stop();
  clock.pass(10_000);
  await heard();
  expect(store.asked).toBe(1);
});

test("a listener that throws ends neither the asking nor a call, and is heard of", async () => {
  const { key, store } = movable();
  const clock = manualClock();
  const signer = shardSignerWith(key, { keys: [] }, { clock });
  signer.onTrouble(() => {
    throw new Error("deaf");
  });
  store.away = true;
  const warned = once(process, "warning");
  await expect(signer.sign("x")).rejects.toThrow("cannot sign now");
  expect(await warned).toMatchObject([{ message: "deaf" }]);
  store.away = false;
  const again = once(process, "warning");
  clock.pass(2_000);
  expect(await again).toMatchObject([{ message: "deaf" }]);
  expect(signer.trouble()).toBeUndefined();
});
