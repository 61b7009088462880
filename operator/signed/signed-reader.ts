import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { Compile } from "typebox/compile";
import { PAYLOAD_KEY, Roster, Shard, type ShardTrust, SIGNATURE_KEY } from "../../crds/shard.ts";
import type { ConfigMap } from "../../kube/resources.ts";

/**
 * Opens signed ConfigMaps.
 *
 * What none of our keys has signed, or has another form, or is meant for somebody else, counts as absent: it must not
 * decide which version comes next.
 */
export interface SignedReader {
  /** That client's shard for that group. */
  shard(configMap: ConfigMap | undefined, group: string, clientId: string): Shard | undefined;
  /** That group's roster. */
  roster(configMap: ConfigMap | undefined, group: string): Roster | undefined;
}

const shardValidator = Compile(Shard);
const rosterValidator = Compile(Roster);

/**
 * A reader that trusts these keys.
 *
 * It remembers what is in an object for as long as somebody holds the object: a thousand Partners look at the same
 * roster, and a cache hands out the same object until it changes.
 */
export function signedReader({ keys }: ShardTrust): SignedReader {
  const trusted = keys.map(({ kty, crv, x }) => createPublicKey({ key: { kty, crv, x }, format: "jwk" }));
  const known = new WeakMap<ConfigMap, Shard | Roster | undefined>();
  const opened = (configMap: ConfigMap): Shard | Roster | undefined => {
    if (!known.has(configMap)) known.set(configMap, documentIn(configMap, trusted));
    return known.get(configMap);
  };
  return {
    shard(configMap, group, clientId) {
      const document = configMap && opened(configMap);
      const fits = document?.kind === "shard" && document.group === group && document.clientId === clientId;
      return fits ? document : undefined;
    },
    roster(configMap, group) {
      const document = configMap && opened(configMap);
      return document?.kind === "roster" && document.group === group ? document : undefined;
    },
  };
}

function documentIn({ data }: ConfigMap, trusted: readonly KeyObject[]): Shard | Roster | undefined {
  const { [PAYLOAD_KEY]: payload, [SIGNATURE_KEY]: signature } = data ?? {};
  if (payload === undefined || signature === undefined) return undefined;
  const [header = "", middle, signed = "", ...more] = signature.split(".");
  // As strict as whoever serves by it: what lies there well signed is not signed again.
  if (middle !== "" || more.length > 0) return undefined;
  const input = Buffer.from(`${header}.${Buffer.from(payload).toString("base64url")}`);
  const proof = Buffer.from(signed, "base64url");
  if (!trusted.some((key) => verify(null, input, key, proof))) return undefined;
  const document: unknown = JSON.parse(payload);
  return shardValidator.Check(document) || rosterValidator.Check(document) ? document : undefined;
}
