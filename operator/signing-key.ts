import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, sign } from "node:crypto";
import type { ShardTrust } from "../crds/shard.ts";
import type { Client } from "../kube/client.ts";
import { isAlreadyExists } from "../kube/error.ts";
import { type Secret, secrets } from "../kube/resources.ts";

/** Name of the Secret with the operator's signing keys, in the operator's own namespace. */
export const SIGNING_SECRET = "shard-signing-key";

/** Its data key: a JWK set of private Ed25519 keys. The first one signs; all are trusted, so that a new one can be introduced before it signs. */
const SIGNING_DATA = "jwks.json";

/** Signs what stacks are told about their partners. */
export interface ShardSigner {
  /** Public keys that stacks are given to verify with. */
  readonly trust: ShardTrust;
  /** A detached JWS over the text (RFC 7515 appendix F), EdDSA. The same text always gives the same signature. */
  sign(payload: string): string;
}

/** A private Ed25519 key as a JWK (RFC 8037). */
export interface SigningJwk {
  readonly kid: string;
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly d: string;
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
  const text = Buffer.from(secret?.data?.[SIGNING_DATA] ?? "", "base64").toString();
  const keys = text === "" ? [] : (JSON.parse(text) as { readonly keys?: readonly SigningJwk[] }).keys;
  if (!keys || keys.length === 0) {
    const data = `key ${SIGNING_DATA}`;
    throw new Error(
      `Secret ${namespace}/${SIGNING_SECRET} has no ${data}: delete it, and a new one is made.`,
    );
  }
  return shardSigner(keys);
}

/** A signer that signs with the first of the keys and trusts all. @throws Error without a key, or for one that is no Ed25519 key. */
export function shardSigner(keys: readonly SigningJwk[]): ShardSigner {
  const [first] = keys;
  if (!first) throw new Error("A signer needs a key.");
  const jwk: JsonWebKey = { kty: first.kty, crv: first.crv, x: first.x, d: first.d };
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const header = base64url(JSON.stringify({ alg: "EdDSA", kid: first.kid }));
  return {
    trust: { keys: keys.map(({ kid, kty, crv, x }) => ({ kid, kty, crv, x })) },
    sign(payload) {
      const signature = sign(null, Buffer.from(`${header}.${base64url(payload)}`), key);
      return `${header}..${signature.toString("base64url")}`;
    },
  };
}

/** A new key; its id is its RFC 7638 thumbprint. */
export function newSigningKey(): SigningJwk {
  const { x = "", d = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const kid = createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url");
  return { kid, kty: "OKP", crv: "Ed25519", x, d };
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

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
