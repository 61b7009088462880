import { PAYLOAD_KEY, SHARD_LABEL } from "../../crds/shard.ts";
import type { KubeObject } from "../../kube/object.ts";

/** Whether an object carries a signed document: a shard or a roster. */
export function isSigned({ metadata }: KubeObject): boolean {
  return metadata.labels?.[SHARD_LABEL] !== undefined;
}

/**
 * Whether a signed document says what it said, under a version at least as high.
 *
 * One that a hand spoilt counts as absent for the operator, which signs the same words again as the next version.
 */
export function isSignedAnew(before: KubeObject, now: KubeObject | undefined): boolean {
  const [old, fresh] = [documentIn(before), documentIn(now)];
  if (!old || !fresh || fresh.version < old.version) return false;
  const words = (document: Document): string => JSON.stringify({ ...document, version: 0, issuedAt: "" });
  return words(old) === words(fresh);
}

interface Document {
  readonly version: number;
  readonly issuedAt?: string;
}

function documentIn(object: KubeObject | undefined): Document | undefined {
  const { data } = (object ?? {}) as { readonly data?: Readonly<Record<string, string>> };
  try {
    return JSON.parse(data?.[PAYLOAD_KEY] ?? "") as Document;
  } catch {
    return undefined;
  }
}
