import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import { ed25519From } from "../ed25519.ts";
import { KeyStoreError } from "../error.ts";
import type { Key, KeyAlgorithm, KeySet } from "../key.ts";
import { Listeners } from "../listeners.ts";
import { dataOf } from "./answer.ts";
import type { OpenBao } from "./client.ts";
import { TRANSIT_TYPE } from "./settings.ts";
import { toldOf, type VersionTold } from "./version.ts";

/** A key of the transit engine, all versions of it. */
export interface TransitKey {
  readonly name: string;
  readonly algorithm: KeyAlgorithm;
  /** Signs with this one whatever versions come later: for a key that is an identity. Absent: with the newest. */
  readonly version?: number;
  /** So long a new version is published before it signs, in ms, while an older one may: for keys that others fetch. Absent: it signs at once, whatever the clocks say. */
  readonly announcedMs?: number;
}

/** How it is kept. */
export interface TransitOptions {
  /** How often is looked for other versions, in ms. Default 30 s. */
  readonly everyMs?: number;
  /** Told when a look fails, and with undefined when looks succeed again; keys stay what they were. */
  readonly onLook?: (error: unknown) => void;
  /** Wall clock, in ms since 1970. */
  readonly now?: () => number;
}

const SIGNATURE_BYTES = 64;
/** Texts in one call: OpenBao takes at most 1,000 strings in a body, and each text has two. */
const AT_ONCE = 100;

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
  { everyMs = 30_000, onLook, now = Date.now }: TransitOptions = {},
): Promise<KeySet> {
  const listeners = new Listeners();
  let keys = await versionsOf(bao, wanted, now());
  let failing = false;
  const look = async (): Promise<void> => {
    let found: Versions;
    try {
      found = await versionsOf(bao, wanted, now());
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

function same(one: Versions, other: Versions): boolean {
  const [some, others] = [one, other].map(({ signs, all }) => [signs, ...all].map(({ id }) => id).join());
  return some === others;
}

async function versionsOf(bao: OpenBao, wanted: TransitKey, now: number): Promise<Versions> {
  const { name, algorithm } = wanted;
  const path = `${bao.settings.mount}/keys/${name}`;
  const { newestFirst, least } = await toldOf(bao, name, TRANSIT_TYPE[algorithm]);
  const found = newestFirst.map(({ version, created, publicKey }) => ({
    version,
    created,
    key: transitKey(bao, wanted, version, publicKeyOf(publicKey, algorithm, path)),
  }));
  const signs =
    wanted.version === undefined
      ? signing(found, least, now - (wanted.announcedMs ?? -Infinity))
      : found.find(({ version }) => version === wanted.version);
  if (signs === undefined)
    throw new KeyStoreError(
      "no key",
      `Version ${wanted.version ?? 1} of ${path} is archived; lower min_decryption_version of the key to ${wanted.version ?? 1}.`,
    );
  return { signs: signs.key, all: found.map(({ key }) => key) };
}

interface Version extends Pick<VersionTold, "version" | "created"> {
  readonly key: Key;
}

/** The newest version that was made by a moment; where there is none, the one that was published first. */
function signing(newestFirst: readonly Version[], least: number, by: number): Version | undefined {
  const allowed = newestFirst.filter(({ version }) => version >= least);
  return allowed.find(({ created }) => created <= by) ?? allowed.at(-1);
}

/** A key's name by what it is (RFC 7638): who signs and who publishes agree on it without a word. */
function thumbprintOf(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: "jwk" });
  const members = JSON.stringify(y === undefined ? { crv, kty, x } : { crv, kty, x, y });
  return createHash("sha256").update(members).digest("base64url");
}

function publicKeyOf(text: string, algorithm: KeyAlgorithm, path: string): KeyObject {
  try {
    return algorithm === "ES256" ? createPublicKey(text) : ed25519From(Buffer.from(text, "base64"));
  } catch (cause) {
    throw new KeyStoreError("malformed", `The public key of ${path} cannot be read; is it derived?`, {
      cause,
    });
  }
}

/** A version whose public half is known: it signs as soon as the store is there, and nothing else passes for its signature. */
export function transitKey(
  bao: OpenBao,
  { name, algorithm }: TransitKey,
  version: number,
  publicKey: KeyObject,
): Key {
  const { address, mount } = bao.settings;
  const path = `${mount}/sign/${name}${algorithm === "ES256" ? "/sha2-256" : ""}`;
  const form = algorithm === "ES256" ? { marshaling_algorithm: "jws" } : {};
  const checkedBy =
    algorithm === "ES256" ? ({ key: publicKey, dsaEncoding: "ieee-p1363" } as const) : publicKey;
  const digest = algorithm === "ES256" ? "sha256" : undefined;
  const signedAtOnce = async (texts: readonly Uint8Array[]): Promise<readonly Buffer[]> => {
    const batch = texts.map((text) => ({ input: Buffer.from(text).toString("base64") }));
    const answer = await bao.sign(path, { batch_input: batch, key_version: version, ...form });
    const results = (dataOf(answer)["batch_results"] ?? []) as readonly SignatureTold[];
    const wrong = results.find(({ error }) => error !== undefined)?.error ?? answer.errors;
    if (answer.status !== 200 || wrong !== "")
      throw new KeyStoreError(
        "no key",
        `The key store ${address} does not sign with version ${version} of ${mount}/keys/${name} (${answer.status}: ${wrong}).`,
      );
    return texts.map((text, n) => {
      // As `vault:v3:<signature>`.
      const signature = Buffer.from(results[n]?.signature?.split(":")[2] ?? "", "base64");
      // A signature that does not hold must not leave the bank, whoever made it.
      if (signature.length !== SIGNATURE_BYTES || !verify(digest, text, checkedBy, signature))
        throw new KeyStoreError(
          "malformed",
          `The key store ${address} answered with a signature that does not hold for version ${version} of ${mount}/keys/${name}.`,
        );
      return signature;
    });
  };
  const signAll = async (texts: readonly Uint8Array[]): Promise<readonly Buffer[]> => {
    const calls = Array.from({ length: Math.ceil(texts.length / AT_ONCE) }, (_, n) =>
      signedAtOnce(texts.slice(n * AT_ONCE, (n + 1) * AT_ONCE)),
    );
    return (await Promise.all(calls)).flat();
  };
  return {
    id: thumbprintOf(publicKey),
    algorithm,
    publicKey,
    sign: async (bytes) => (await signedAtOnce([bytes]))[0] as Buffer,
    signAll,
  };
}

/** What the store tells of one signature. */
interface SignatureTold {
  readonly signature?: string;
  readonly error?: string;
}
