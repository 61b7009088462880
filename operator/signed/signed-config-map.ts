import { PAYLOAD_KEY, SHARD_LABEL, SIGNATURE_KEY } from "../../crds/shard.ts";
import type { ConfigMap } from "../../kube/resources.ts";
import type { ShardSigner } from "../shard-signer.ts";
import { canonicalJson, type Json } from "./canonical-json.ts";

/** A document for a stack, as the ConfigMap that carries it. */
export interface SignedParts {
  readonly name: string;
  readonly namespace: string;
  readonly kind: "shard" | "roster";
  readonly document: Json;
  /** What lies there now, if the signature on it holds. */
  readonly present: ConfigMap | undefined;
}

/** The ConfigMap of a document, and whether it is still to be signed. */
export interface MaybeSigned {
  readonly object: ConfigMap;
  readonly incomplete: boolean;
}

/**
 * The ConfigMap of a document. The same text keeps the signature that it has, if that is of the key which signs now;
 * any other is without one until {@link withSignature}. Signs nothing.
 */
export function signedConfigMap(
  { name, namespace, kind, document, present }: SignedParts,
  { kid }: Pick<ShardSigner, "kid">,
): MaybeSigned {
  const payload = canonicalJson(document);
  const { [PAYLOAD_KEY]: before, [SIGNATURE_KEY]: signature } = present?.data ?? {};
  const kept = signature !== undefined && before === payload && keyIdIn(signature) === kid;
  return {
    object: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, labels: { [SHARD_LABEL]: kind } },
      data: { [PAYLOAD_KEY]: payload, ...(kept ? { [SIGNATURE_KEY]: signature } : {}) },
    },
    incomplete: !kept,
  };
}

/** The ConfigMap with the signature over its text. @throws KeyStoreError when the key is in a store that gives none. */
export async function withSignature(
  configMap: ConfigMap,
  signer: Pick<ShardSigner, "sign">,
): Promise<ConfigMap> {
  const signature = await signer.sign(configMap.data?.[PAYLOAD_KEY] ?? "");
  return { ...configMap, data: { ...configMap.data, [SIGNATURE_KEY]: signature } };
}

/** Of a detached JWS that holds, so its header is one. */
function keyIdIn(signature: string): string | undefined {
  const [header = ""] = signature.split(".");
  return (JSON.parse(Buffer.from(header, "base64url").toString()) as { readonly kid?: string }).kid;
}

/** The version of a changed document, in ms since 1970: above every version known, whatever the clock says. */
export function nextVersion(now: Date, ...known: readonly (number | undefined)[]): number {
  return Math.max(now.getTime(), ...known.map((version) => (version ?? 0) + 1));
}
