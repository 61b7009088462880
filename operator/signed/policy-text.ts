import type { ConsentPolicySpec } from "../../crds/consent-policy.ts";
import { sha256Hex } from "../csr/names.ts";
import { canonicalJson } from "./canonical-json.ts";

/** The words of a policy that a consent keeps as evidence, and their fingerprint. */
export interface PolicyText {
  /** Canonical JSON (RFC 8785) of the spec. */
  readonly text: string;
  /** SHA-256 of it, in hex. */
  readonly hash: string;
}

/**
 * The text of a policy.
 *
 * Sets are sorted first, so that the order of a list in a file does not make another policy.
 */
export function policyText(spec: ConsentPolicySpec): PolicyText {
  const text = canonicalJson({
    ...spec,
    permissions: spec.permissions.toSorted(),
    ...(spec.purposes === undefined ? {} : { purposes: spec.purposes.toSorted() }),
    ...(spec.minimisation === undefined ? {} : { minimisation: spec.minimisation.toSorted() }),
    sca: { ...spec.sca, methods: spec.sca.methods.toSorted() },
  });
  return { text, hash: sha256Hex(text) };
}
