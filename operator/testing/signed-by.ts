import { createPrivateKey, type JsonWebKey, sign } from "node:crypto";
import { PAYLOAD_KEY, SIGNATURE_KEY } from "../../crds/shard.ts";
import type { ConfigMap } from "../../kube/resources.ts";
import type { SigningJwk } from "../signing-key.ts";

/** A planned ConfigMap as it lies after this key has signed it; one that is signed stays as it is. */
export function signedBy({ kid, ...jwk }: SigningJwk, configMap: ConfigMap): ConfigMap {
  if (configMap.data?.[SIGNATURE_KEY] !== undefined) return configMap;
  const header = Buffer.from(JSON.stringify({ alg: "EdDSA", kid })).toString("base64url");
  const payload = Buffer.from(configMap.data?.[PAYLOAD_KEY] ?? "").toString("base64url");
  const key = createPrivateKey({ key: jwk as unknown as JsonWebKey, format: "jwk" });
  const signature = sign(null, Buffer.from(`${header}.${payload}`), key).toString("base64url");
  return { ...configMap, data: { ...configMap.data, [SIGNATURE_KEY]: `${header}..${signature}` } };
}
