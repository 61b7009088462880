import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";
import type { ConsentKind } from "./consent-snapshot.ts";

/**
 * What a customer's authentication of a payment is bound to: amounts, payee, and everything else that the partner asked
 * to be paid or cancelled, as SHA-256 (hex) of their canonical JSON. A change of any of it makes another link (EU 2018/389 article 5).
 *
 * @returns undefined for consents that pay nobody.
 */
export function dynamicLink(
  kind: ConsentKind,
  request: Readonly<Record<string, unknown>>,
): string | undefined {
  if (kind === "account-access" || kind === "funds-confirmation") return undefined;
  const { Initiation: initiation, ControlParameters: limits, Cancels: cancels } = request;
  return createHash("sha256").update(canonicalJson({ kind, initiation, limits, cancels })).digest("hex");
}
