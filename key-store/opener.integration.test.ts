import { constants, generateKeyPairSync, type KeyObject, publicEncrypt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOpenBao } from "../local/testing/openbao.ts";
import { until } from "../local/wait.ts";
import { OpenBao } from "./open-bao/client.ts";
import { transitOpeners } from "./open-bao/transit-opener.ts";
import { OAEP_HASH, type OpeningKey } from "./opener.ts";
import { allowedIn } from "./testing/allowed-in.ts";
import { openerInMemory } from "./testing/opener-in-memory.ts";

const bao = await startOpenBao();
let client: OpenBao | undefined;
beforeAll(async () => {
  if (bao !== undefined)
    client = new OpenBao({ ...(await allowedIn(bao)), deadlineMs: 8_000, attemptMs: 8_000 });
});
afterAll(async () => {
  await client?.close();
  await bao?.stop();
});

const SECRET = Buffer.from("a secret of thirty-two octets ok");
const encrypted = (key: KeyObject, oaepHash = OAEP_HASH): Buffer =>
  publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, SECRET);
const newPrivateKey = (): KeyObject => generateKeyPairSync("rsa", { modulusLength: 3_072 }).privateKey;

let names = 0;
const newName = (): string => `opener-${(names += 1)}`;
async function versions(name: string): Promise<readonly OpeningKey[]> {
  if (client === undefined) throw new Error("There is no OpenBao.");
  return transitOpeners(client, name);
}
async function inOpenBao(): Promise<OpeningKey> {
  const name = newName();
  await bao?.root("POST", `transit/keys/${name}`, { type: "rsa-3072" });
  const [newest] = await versions(name);
  return newest as OpeningKey;
}

const STORES = [
  { store: "memory", make: async () => openerInMemory(newPrivateKey()), absent: false },
  { store: "OpenBao (skipped where pip cannot bring it)", make: inOpenBao, absent: bao === undefined },
] as const;

for (const { store, make, absent } of STORES)
  describe.skipIf(absent)(`a key that opens, in ${store}`, () => {
    test("opens what was encrypted to its public half, again and again, and it has 3,072 bits", async () => {
      const key = await make();
      const box = encrypted(key.publicKey);
      expect(await key.open(box)).toEqual(SECRET);
      expect(await key.open(box)).toEqual(SECRET);
      expect(key.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3_072);
    });

    test("opens nothing that is for another key, was changed, is cut or was encrypted by another hash", async () => {
      const [key, other] = [await make(), await make()];
      const changed = encrypted(key.publicKey);
      changed[100] = (changed[100] ?? 0) ^ 1;
      for (const box of [
        encrypted(other.publicKey),
        changed,
        encrypted(key.publicKey).subarray(1),
        Buffer.alloc(0),
        encrypted(key.publicKey, "sha1"),
      ])
        await expect(key.open(box)).rejects.toThrow(
          /oaep decoding error|data (too|greater)|does not open by version 1/,
        );
    });
  });

describe.skipIf(bao === undefined)("a key that opens in OpenBao", () => {
  test("what is not for it is refused at once: it is no fault that waiting mends", async () => {
    const [key, other] = [await inOpenBao(), await inOpenBao()];
    await expect(key.open(encrypted(other.publicKey))).rejects.toMatchObject({
      name: "KeyStoreError",
      retryable: false,
      message: expect.stringMatching(/does not open by version 1 of transit\/keys\/opener-\d+ \(500: /),
    });
  });

  test("while the store is sealed opening fails, to be tried again, and then opens as before", async () => {
    const key = await inOpenBao();
    const box = encrypted(key.publicKey);
    await bao?.seal();
    try {
      await expect(key.open(box)).rejects.toMatchObject({
        reason: "away",
        retryable: true,
        message: expect.stringContaining("cannot open now"),
      });
    } finally {
      await bao?.unseal();
    }
    const opened = await until(() => key.open(box), { timeout: 60_000, every: 50, what: "it to open again" });
    expect(opened).toEqual(SECRET);
  });

  test("after a rotation each version opens what is its own, and one that is archived is told of no more", async () => {
    const name = newName();
    await bao?.root("POST", `transit/keys/${name}`, { type: "rsa-3072" });
    const [first] = await versions(name);
    await bao?.root("POST", `transit/keys/${name}/rotate`, {});
    const [second, before] = await versions(name);
    if (!first || !second || !before) throw new Error("a version is missing");
    expect(before.publicKey.equals(first.publicKey)).toBe(true);
    expect(await before.open(encrypted(first.publicKey))).toEqual(SECRET);
    expect(await second.open(encrypted(second.publicKey))).toEqual(SECRET);
    await expect(second.open(encrypted(first.publicKey))).rejects.toThrow("does not open by version 2");
    await bao?.root("POST", `transit/keys/${name}/config`, { min_decryption_version: 2 });
    expect(await versions(name)).toHaveLength(1);
    await expect(first.open(encrypted(first.publicKey))).rejects.toThrow("too old");
  });

  test("a key that is not there, and one that signs, are said with what to do", async () => {
    await expect(versions("absent")).rejects.toThrow(
      "make it: bao write -f transit/keys/absent type=rsa-3072",
    );
    const name = newName();
    await bao?.root("POST", `transit/keys/${name}`, { type: "ed25519" });
    await expect(versions(name)).rejects.toThrow("is a key of type ed25519; name one of type rsa-3072");
  });
});
