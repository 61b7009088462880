import { Compile } from "typebox/compile";
import { Roster, ROSTER_NAME, Shard, shardName } from "../../crds/shard.ts";
import type { SignatureCheck } from "./signature.ts";

/** A signed ConfigMap, as far as a reader looks. */
export interface SignedConfigMap {
  readonly name: string;
  readonly resourceVersion: string;
  readonly payload: string | undefined;
  readonly signature: string | undefined;
}

/** What a ConfigMap turned out to be. */
export type SignedDocument =
  | { readonly kind: "roster"; readonly roster: Roster }
  | { readonly kind: "shard"; readonly shard: Shard }
  | { readonly kind: "refused"; readonly reason: string };

const rosterValidator = Compile(Roster);
const shardValidator = Compile(Shard);

/** Opens a signed ConfigMap: signature first, then form, then whether it is meant for this stack and under its own name. */
export function openDocument(
  { name, payload, signature }: SignedConfigMap,
  group: string,
  check: SignatureCheck,
): SignedDocument {
  if (payload === undefined || signature === undefined) return refused("it is not signed");
  const distrust = check(payload, signature);
  if (distrust !== undefined) return refused(distrust);
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return refused("it is no JSON");
  }
  if (name === ROSTER_NAME) {
    if (!rosterValidator.Check(value)) return refused(faultOf(rosterValidator, value));
    if (value.group !== group) return refused(`it is meant for the group ${value.group}`);
    return { kind: "roster", roster: value };
  }
  if (!shardValidator.Check(value)) return refused(faultOf(shardValidator, value));
  if (value.group !== group) return refused(`it is meant for the group ${value.group}`);
  if (name !== shardName(value.clientId)) return refused(`it is the shard of ${value.clientId}`);
  return { kind: "shard", shard: value };
}

const refused = (reason: string): SignedDocument => ({ kind: "refused", reason });

function faultOf(
  validator: { Errors(value: unknown): { instancePath: string; message: string }[] },
  value: unknown,
): string {
  const [fault] = validator.Errors(value);
  return fault === undefined
    ? "it has the wrong form"
    : `its ${fault.instancePath.slice(1).replaceAll("/", ".") || "contents"} ${fault.message}`;
}
