import { createPublicKey, type KeyObject } from "node:crypto";
import { KeyStoreError } from "../key-store/error.ts";
import type { OpenBao } from "../key-store/open-bao/client.ts";
import { connectInPod, type InPod } from "../key-store/open-bao/in-pod.ts";
import { openTransitKey, type TransitKey, transitKey } from "../key-store/open-bao/transit.ts";
import { awaited } from "../key-store/open-bao/wait.ts";
import type { Client } from "../kube/client.ts";
import { isAlreadyExists } from "../kube/error.ts";
import { type Secret, secrets } from "../kube/resources.ts";
import { type ShardSigner, shardSignerWith } from "./shard-signer.ts";
import type { AuthorityKeyStore } from "./signer/key-store.ts";
import { SIGNING_SECRET, type SigningJwk, signingKeysIn, trustIn } from "./signing-key.ts";

/** What the Secret keeps of keys that are in a store: their public halves, to begin with while the store is away. */
const PUBLIC_DATA = "public.json";

/**
 * The operator's signer, whose key is in a store: one version of it signs, all that the store tells of are trusted, and
 * those of the Secret for as long as it holds any.
 *
 * A store that is away is waited for by whoever begins for the first time. Later an operator begins with what it was told
 * last, and does everything that needs no signature.
 *
 * @throws KeyStoreError when it was never told of the key, and will not be by waiting; KubeError; the signal's reason.
 */
export async function storedShardSigner(
  client: Client,
  namespace: string,
  { key: name, version = 1, ...store }: AuthorityKeyStore,
  { log, signal, ...pod }: InPod,
): Promise<ShardSigner> {
  const bao = connectInPod(store, pod);
  const wanted = { name, algorithm: "EdDSA", version } as const;
  const where = { store: store.address, key: name, version };
  const opened = async (pauseMs: number): Promise<ShardSigner | undefined> => {
    const secret = await client.get(secrets, { namespace, name: SIGNING_SECRET });
    const known = rememberedIn(secret, version);
    const told = await toldOf(bao, wanted).catch((error: unknown) => {
      if (known)
        log.warn({ err: error, ...where }, "the key store does not tell of its key; that known goes on");
      else if (!(error instanceof KeyStoreError) || !error.retryable) throw error;
      else log.warn({ err: error, pauseMs, ...where }, "the key store is waited for");
      return undefined;
    });
    if (told) await remember(client, namespace, secret, told);
    const ofStore = told ?? known;
    const signs = ofStore?.keys.find(({ kid }) => kid === ofStore.signs);
    if (!ofStore || !signs) return undefined;
    const kids = new Set(ofStore.keys.map(({ kid }) => kid));
    const others = signingKeysIn(secret).filter(({ kid }) => !kids.has(kid));
    const key = transitKey(bao, wanted, version, publicKeyOf(signs));
    return shardSignerWith(key, trustIn([...ofStore.keys, ...others]), { stop: () => bao.close() });
  };
  try {
    return await awaited(opened, signal);
  } catch (error) {
    await bao.close();
    throw error;
  }
}

/** What the store tells of a key. */
interface Told {
  /** The version that signs, and its key's id. */
  readonly version: number;
  readonly signs: string;
  /** Public halves of all versions. */
  readonly keys: readonly SigningJwk[];
}

/** Read once, at the start: stacks are told, and have to be ready, before another version signs. */
async function toldOf(bao: OpenBao, wanted: TransitKey & { readonly version: number }): Promise<Told> {
  const set = await openTransitKey(bao, wanted);
  set.stop();
  const keys = set.all().map(({ id, publicKey }): SigningJwk => {
    const { x = "" } = publicKey.export({ format: "jwk" });
    return { kid: id, kty: "OKP", crv: "Ed25519", x };
  });
  return { version: wanted.version, signs: set.current().id, keys };
}

/** What the store told at an earlier start, if it was of that version. */
function rememberedIn(secret: Secret | undefined, version: number): Told | undefined {
  const text = Buffer.from(secret?.data?.[PUBLIC_DATA] ?? "", "base64").toString();
  const told = text === "" ? undefined : (JSON.parse(text) as Told);
  return told?.version === version ? told : undefined;
}

function publicKeyOf({ kty, crv, x }: SigningJwk): KeyObject {
  return createPublicKey({ key: { kty, crv, x }, format: "jwk" });
}

/** Keeps what the store tells, for a start without it. Two replicas that begin at once write the same. */
async function remember(
  client: Client,
  namespace: string,
  secret: Secret | undefined,
  told: Told,
): Promise<void> {
  const key = { namespace, name: SIGNING_SECRET };
  const data = { [PUBLIC_DATA]: Buffer.from(JSON.stringify(told)).toString("base64") };
  if (secret?.data?.[PUBLIC_DATA] === data[PUBLIC_DATA]) return;
  if (!secret) {
    const made: Secret = { apiVersion: "v1", kind: "Secret", metadata: key, type: "Opaque", data };
    try {
      await client.create(secrets, made);
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
  await client.patch(secrets, key, { merge: { data } });
}
