import { createPublicKey, verify } from "node:crypto";
import { PAYLOAD_KEY, SHARD_LABEL, type ShardTrust, SIGNATURE_KEY } from "../../crds/shard.ts";
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

/**
 * The document in a ConfigMap, if one of our keys has signed it.
 *
 * What anybody else wrote counts as absent: it must not decide which version comes next.
 */
export function openedConfigMap(configMap: ConfigMap | undefined, trust: ShardTrust): unknown {
  const { [PAYLOAD_KEY]: payload, [SIGNATURE_KEY]: signature } = configMap?.data ?? {};
  if (payload === undefined || signature === undefined) return undefined;
  const [header = "", , signed = ""] = signature.split(".");
  const input = Buffer.from(`${header}.${Buffer.from(payload).toString("base64url")}`);
  const ours = trust.keys.some(({ kty, crv, x }) =>
    verify(
      null,
      input,
      createPublicKey({ key: { kty, crv, x }, format: "jwk" }),
      Buffer.from(signed, "base64url"),
    ),
  );
  return ours ? JSON.parse(payload) : undefined;
}

/** The version of a changed document, in ms since 1970: above every version known, whatever the clock says. */
export function nextVersion(now: Date, ...known: readonly (number | undefined)[]): number {
  return Math.max(now.getTime(), ...known.map((version) => (version ?? 0) + 1));
}
