import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { ed25519From } from "../ed25519.ts";
import { KeyStoreError } from "../error.ts";
import type { Key, KeyAlgorithm, KeySet } from "../key.ts";
import { Listeners } from "../listeners.ts";
import type { OpenBaoAnswer } from "./answer.ts";
import type { OpenBao } from "./client.ts";
import { TRANSIT_TYPE } from "./settings.ts";

/** A key of the transit engine, all versions of it. */
export interface TransitKey {
  readonly name: string;
  readonly algorithm: KeyAlgorithm;
  /** Signs with this one whatever versions come later: for a key that is an identity. Absent: with the newest. */
  readonly version?: number;
}

/** How it is kept. */
export interface TransitOptions {
  /** How often is looked for other versions, in ms. Default 30 s. */
  readonly everyMs?: number;
  /** Told when a look fails, and with undefined when looks succeed again; keys stay what they were. */
  readonly onLook?: (error: unknown) => void;
}

const SIGNATURE_BYTES = 64;

/**
 * A key of OpenBao's or Vault's transit engine, which signs there: each version is a key, a rotation a new one.
 *
 * Public halves are kept, so that what is published does not depend on the store being there.
 *
 * @throws KeyStoreError when the store does not tell, or has no such key.
 */
export async function openTransitKey(
  bao: OpenBao,
  wanted: TransitKey,
  { everyMs = 30_000, onLook }: TransitOptions = {},
): Promise<KeySet> {
  const listeners = new Listeners();
  let keys = await versionsOf(bao, wanted);
  let failing = false;
  const look = async (): Promise<void> => {
    let found: Versions;
    try {
      found = await versionsOf(bao, wanted);
    } catch (error) {
      if (!failing) onLook?.(error);
      failing = true;
      return;
    }
    if (failing) onLook?.(undefined);
    failing = false;
    if (same(found, keys)) return;
    keys = found;
    // What a listener throws is no fault of the store, and not to be told as one.
    listeners.tell();
  };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const again = (): void => {
    timer = setTimeout(() => void look().then(() => stopped || again()), everyMs).unref();
  };
  again();
  return {
    current: () => keys.signs,
    all: () => keys.all,
    onChange: (listener) => listeners.add(listener),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

interface Versions {
  readonly signs: Key;
  readonly all: readonly Key[];
}

/** A key that was deleted and made anew, or came from a backup, has the versions of the old one and other keys. */
function same(one: Versions, other: Versions): boolean {
  const [some, others] = [one, other].map(({ signs, all }) => [signs, ...all]) as [Key[], Key[]];
  return (
    some.length === others.length &&
    some.every(({ id, publicKey }, n) => id === others[n]?.id && publicKey.equals(others[n].publicKey))
  );
}

async function versionsOf(bao: OpenBao, wanted: TransitKey): Promise<Versions> {
  const { address, mount } = bao.settings;
  const { name, algorithm } = wanted;
  const type = TRANSIT_TYPE[algorithm];
  const path = `${mount}/keys/${name}`;
  const answer = await bao.read(path);
  if (answer.status === 404)
    throw new KeyStoreError(
      "no key",
      `The key store ${address} has no key ${path}; make it: bao write -f ${path} type=${type}`,
    );
  const data = dataOf(answer);
  const versions = data["keys"];
  if (answer.status !== 200 || typeof versions !== "object" || versions === null)
    throw new KeyStoreError(
      "malformed",
      `The key store ${address} did not tell of ${path} (${answer.status}: ${answer.errors}); see that a transit engine is mounted at ${mount}.`,
    );
  if (data["type"] !== type)
    throw new KeyStoreError(
      "no key",
      `${path} of ${address} is a key of type ${String(data["type"])}; name one of type ${type}.`,
    );
  const all = Object.entries(versions as Readonly<Record<string, { readonly public_key?: string }>>)
    .map(([version, { public_key: text = "" }]) => ({ version: Number(version), text }))
    .toSorted((one, other) => other.version - one.version)
    .map(({ version, text }) => keyOf(bao, wanted, version, publicKeyOf(text, algorithm, path)));
  const signs =
    wanted.version === undefined ? all[0] : all.find(({ id }) => id === idOf(name, wanted.version));
  if (signs === undefined)
    throw new KeyStoreError(
      "no key",
      `Version ${wanted.version ?? 1} of ${path} is archived; lower min_decryption_version of the key to ${wanted.version ?? 1}.`,
    );
  return { signs, all };
}

const idOf = (name: string, version: number | undefined): string => `${name}-${version}`;

function publicKeyOf(text: string, algorithm: KeyAlgorithm, path: string): KeyObject {
  try {
    return algorithm === "ES256" ? createPublicKey(text) : ed25519From(Buffer.from(text, "base64"));
  } catch (cause) {
    throw new KeyStoreError("malformed", `The public key of ${path} cannot be read; is it derived?`, {
      cause,
    });
  }
}

function keyOf(bao: OpenBao, { name, algorithm }: TransitKey, version: number, publicKey: KeyObject): Key {
  const { address, mount } = bao.settings;
  const path = `${mount}/sign/${name}${algorithm === "ES256" ? "/sha2-256" : ""}`;
  const form = algorithm === "ES256" ? { marshaling_algorithm: "jws" } : {};
  const checkedBy =
    algorithm === "ES256" ? ({ key: publicKey, dsaEncoding: "ieee-p1363" } as const) : publicKey;
  const digest = algorithm === "ES256" ? "sha256" : undefined;
  return {
    id: idOf(name, version),
    algorithm,
    publicKey,
    async sign(bytes) {
      const input = Buffer.from(bytes).toString("base64");
      const answer = await bao.sign(path, { input, key_version: version, ...form });
      if (answer.status !== 200)
        throw new KeyStoreError(
          "no key",
          `The key store ${address} does not sign with version ${version} of ${mount}/keys/${name} (${answer.status}: ${answer.errors}).`,
        );
      // As `vault:v3:<signature>`.
      const signature = Buffer.from(String(dataOf(answer)["signature"]).split(":")[2] ?? "", "base64");
      // A signature that does not hold must not leave the bank, whoever made it.
      if (signature.length !== SIGNATURE_BYTES || !verify(digest, bytes, checkedBy, signature))
        throw new KeyStoreError(
          "malformed",
          `The key store ${address} answered with a signature that does not hold for version ${version} of ${mount}/keys/${name}.`,
        );
      return signature;
    },
  };
}

function dataOf({ body }: OpenBaoAnswer): Readonly<Record<string, unknown>> {
  const data = body["data"];
  return typeof data === "object" && data !== null ? (data as Record<string, unknown>) : {};
}
