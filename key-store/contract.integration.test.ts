import { generateKeyPairSync, verify } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOpenBao } from "../local/testing/openbao.ts";
import { until } from "../local/wait.ts";
import { EmbeddedKeys, embeddedKey } from "./embedded.ts";
import type { Key, KeyAlgorithm, KeySet } from "./key.ts";
import { OpenBao } from "./open-bao/client.ts";
import { TRANSIT_TYPE } from "./open-bao/settings.ts";
import { openTransitKey } from "./open-bao/transit.ts";
import { allowedIn } from "./testing/allowed-in.ts";

/** A set of one algorithm in some store, and its rotation there. */
interface Kept {
  readonly keys: KeySet;
  /** Makes a new key that signs from now on. */
  readonly rotate: () => Promise<void>;
  /** Takes all but the newest out. */
  readonly retire: () => Promise<void>;
}

const bao = await startOpenBao();
let client: OpenBao | undefined;
const sets: KeySet[] = [];

beforeAll(async () => {
  if (bao !== undefined) client = new OpenBao(await allowedIn(bao));
});
afterAll(async () => {
  for (const keys of sets) keys.stop();
  await client?.close();
  await bao?.stop();
});

async function inMemory(algorithm: KeyAlgorithm): Promise<Kept> {
  let number = 0;
  const made = (): Key => {
    const { privateKey } =
      algorithm === "ES256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("ed25519");
    number += 1;
    return embeddedKey(`key-${number}`, privateKey);
  };
  const keys = new EmbeddedKeys([made()]);
  return {
    keys,
    rotate: async () => keys.replace([made(), ...keys.all()]),
    retire: async () => keys.replace([keys.current()]),
  };
}

let names = 0;
async function inOpenBao(algorithm: KeyAlgorithm): Promise<Kept> {
  if (bao === undefined || client === undefined) throw new Error("There is no OpenBao.");
  names += 1;
  const path = `transit/keys/contract-${names}`;
  await bao.root("POST", path, { type: TRANSIT_TYPE[algorithm] });
  const keys = await openTransitKey(client, { name: `contract-${names}`, algorithm }, { everyMs: 20 });
  return {
    keys,
    rotate: async () => void (await bao.root("POST", `${path}/rotate`, {})),
    retire: async () => {
      const { data } = await bao.root("GET", path);
      await bao.root("POST", `${path}/config`, { min_decryption_version: data?.["latest_version"] });
    },
  };
}

const STORES = [
  { store: "memory", open: inMemory, absent: false },
  { store: "OpenBao (skipped where pip cannot bring it)", open: inOpenBao, absent: bao === undefined },
] as const;

for (const { store, open, absent } of STORES) {
  describe.skipIf(absent).each(["ES256", "EdDSA"] as const)(`a set of keys in ${store}, %s`, (algorithm) => {
    const opened = async (): Promise<Kept> => {
      const kept = await open(algorithm);
      sets.push(kept.keys);
      return kept;
    };
    const holds = ({ publicKey }: Key, bytes: Uint8Array, signature: Buffer): boolean =>
      algorithm === "EdDSA"
        ? verify(undefined, bytes, publicKey, signature)
        : verify("sha256", bytes, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
    const seen = (look: () => boolean, what: string): Promise<boolean> =>
      until(async () => look(), { timeout: 30_000, every: 10, what });

    test("signs what the public half verifies, in 64 octets, empty and long texts too", async () => {
      const key = (await opened()).keys.current();
      for (const bytes of [Buffer.alloc(0), Buffer.from("ä"), Buffer.alloc(100_000, 7)]) {
        const signature = await key.sign(bytes);
        expect(signature).toHaveLength(64);
        expect(holds(key, bytes, signature)).toBe(true);
        expect(holds(key, Buffer.concat([bytes, Buffer.of(1)]), signature)).toBe(false);
      }
      expect(key.algorithm).toBe(algorithm);
    });

    test("signs many at once, each as if alone and in their order", async () => {
      const key = (await opened()).keys.current();
      const texts = Array.from({ length: 230 }, (_, n) => Buffer.from(`text ${n}`));
      const signatures = await key.signAll(texts);
      expect(signatures.map((signature, n) => holds(key, texts[n] ?? Buffer.alloc(0), signature))).toEqual(
        texts.map(() => true),
      );
      expect(await key.signAll([])).toEqual([]);
    });

    test("tells of a new key, signs with it, and goes on publishing and signing with the old one", async () => {
      const { keys, rotate } = await opened();
      const old = keys.current();
      let told = 0;
      keys.onChange(() => (told += 1));
      await rotate();
      await seen(() => told > 0, "news of the new key");
      expect(keys.current().id).not.toBe(old.id);
      expect(keys.all().map(({ id }) => id)).toEqual([keys.current().id, old.id]);
      const bytes = Buffer.from("signed after the rotation");
      expect(holds(keys.current(), bytes, await keys.current().sign(bytes))).toBe(true);
      expect(holds(old, bytes, await old.sign(bytes))).toBe(true);
      expect(holds(keys.current(), bytes, await old.sign(bytes))).toBe(false);
    });

    test("publishes a key no more that was taken out, and tells nobody who has stopped listening", async () => {
      const { keys, rotate, retire } = await opened();
      await rotate();
      await seen(() => keys.all().length === 2, "two keys");
      let told = 0;
      keys.onChange(() => (told += 1))();
      await retire();
      await seen(() => keys.all().length === 1, "one key");
      expect(keys.all()[0]?.id).toBe(keys.current().id);
      expect(told).toBe(0);
    });
  });
}
