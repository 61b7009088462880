import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import type { ShardTrust } from "../crds/shard.ts";
import { embeddedKey } from "../key-store/embedded.ts";
import type { Client } from "../kube/client.ts";
import { isAlreadyExists } from "../kube/error.ts";
import { type Secret, secrets } from "../kube/resources.ts";
import { type ShardSigner, shardSignerWith } from "./shard-signer.ts";

/** Name of the Secret with the operator's signing keys, in the operator's own namespace. */
export const SIGNING_SECRET = "shard-signing-key";

/**
 * Its data key: a JWK set of Ed25519 keys. The first one signs; all are trusted, so that a new one can be introduced
 * before it signs, and of those behind the first the public half is enough.
 */
const SIGNING_DATA = "jwks.json";

/** An Ed25519 key as a JWK (RFC 8037). */
export interface SigningJwk {
  readonly kid: string;
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  /** The private half. */
  readonly d?: string;
}

/**
 * The operator's signer, from its Secret, which is made when it is not there.
 *
 * Safe to call from two replicas at once: the API server lets one of them create it, the other reads.
 *
 * @throws KubeError, or Error when the Secret holds no key.
 */
export async function loadShardSigner(client: Client, namespace: string): Promise<ShardSigner> {
  const key = { namespace, name: SIGNING_SECRET };
  const found = (await client.get(secrets, key)) ?? (await created(client, namespace));
  const secret = found ?? (await client.get(secrets, key));
  const keys = signingKeysIn(secret);
  if (keys.length === 0) {
    const data = `key ${SIGNING_DATA}`;
    throw new Error(
      `Secret ${namespace}/${SIGNING_SECRET} has no ${data}: delete it, and a new one is made.`,
    );
  }
  return shardSigner(keys);
}

/** The keys of the Secret; none where it has none. One without an id is called by its thumbprint. */
export function signingKeysIn(secret: Secret | undefined): readonly SigningJwk[] {
  const text = Buffer.from(secret?.data?.[SIGNING_DATA] ?? "", "base64").toString();
  if (text === "") return [];
  const { keys = [] } = JSON.parse(text) as { readonly keys?: readonly Partial<SigningJwk>[] };
  return keys.map(({ x = "", ...jwk }) => ({ kid: thumbprint(x), ...jwk, x }) as SigningJwk);
}

/** A signer that signs with the first of the keys and trusts all. @throws Error without a key, or when the first is no private Ed25519 key. */
export function shardSigner(keys: readonly SigningJwk[]): ShardSigner {
  const [first] = keys;
  if (first?.d === undefined)
    throw new Error("A signer needs a private key, and the first of its keys is none.");
  const jwk: JsonWebKey = { kty: first.kty, crv: first.crv, x: first.x, d: first.d };
  return shardSignerWith(
    embeddedKey(first.kid, createPrivateKey({ key: jwk, format: "jwk" })),
    trustIn(keys),
  );
}

/** The public halves of keys, in an order of their own: which of them signs next starts no pod of a stack anew. */
export function trustIn(keys: readonly SigningJwk[]): ShardTrust {
  const open = keys.map(({ kid, kty, crv, x }) => ({ kid, kty, crv, x }));
  return { keys: open.toSorted((one, other) => (one.kid < other.kid ? -1 : 1)) };
}

/** A new key; its id is its RFC 7638 thumbprint. */
export function newSigningKey(): SigningJwk & { readonly d: string } {
  const { x = "", d = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return { kid: thumbprint(x), kty: "OKP", crv: "Ed25519", x, d };
}

/** Of an Ed25519 key, by RFC 7638. */
function thumbprint(x: string): string {
  return createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url");
}

async function created(client: Client, namespace: string): Promise<Secret | undefined> {
  const text = JSON.stringify({ keys: [newSigningKey()] });
  try {
    return await client.create(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name: SIGNING_SECRET },
      type: "Opaque",
      data: { [SIGNING_DATA]: Buffer.from(text).toString("base64") },
    });
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    throw error;
  }
}
