import { PAYLOAD_KEY, SHARD_LABEL, SIGNATURE_KEY } from "../../crds/shard.ts";
import type { ConfigMap } from "../../kube/resources.ts";
import type { ShardSigner } from "../signing-key.ts";
import { canonicalJson, type Json } from "./canonical-json.ts";

/** A document for a stack, as the ConfigMap that carries it. */
export interface SignedParts {
  readonly name: string;
  readonly namespace: string;
  readonly kind: "shard" | "roster";
  readonly document: Json;
}

/** The ConfigMap of a signed document. Equal documents give equal ConfigMaps. */
export function signedConfigMap(
  { name, namespace, kind, document }: SignedParts,
  signer: ShardSigner,
): ConfigMap {
  const payload = canonicalJson(document);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, labels: { [SHARD_LABEL]: kind } },
    data: { [PAYLOAD_KEY]: payload, [SIGNATURE_KEY]: signer.sign(payload) },
  };
}

/** The version of a changed document, in ms since 1970: above every version known, whatever the clock says. */
export function nextVersion(now: Date, ...known: readonly (number | undefined)[]): number {
  return Math.max(now.getTime(), ...known.map((version) => (version ?? 0) + 1));
}
