import type { FailoverGroupReason } from "../../crds/failover-group.ts";
import type { RegionSpec } from "../../crds/region.ts";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import { keyStoreToken } from "../stack/mount.ts";
import {
  asksStore,
  SERVICES,
  SIGNERS,
  type Stack,
  type StackKeyStore,
  type StoredKey,
} from "../stack/stack.ts";
import type { Component, Observed, Workload } from "./component.ts";

/** Annotation by which a person orders keys of a stack that is there into its Region's store, by their names. */
export const INTO_STORE_ANNOTATION = "openbanking.wekeza.io/keys-into-store";

const REASONS = { kept: "KeysKept", unknown: "KeysUnknown" } as const satisfies Record<
  string,
  FailoverGroupReason
>;

/**
 * The store of a stack's keys, with those that sign there.
 *
 * A new stack begins with all that its Region names. One that is there keeps the Secrets it signs with until a person says
 * otherwise: an audit log cannot change its key, and others who verify are to meet the new one before it signs. A key
 * that has once signed in the store stays there.
 */
export function storeOf(
  { metadata, status }: FailoverGroupObject,
  { keyStore }: Pick<RegionSpec, "keyStore">,
  observed: Observed,
): StackKeyStore | undefined {
  if (keyStore === undefined) return undefined;
  const ordered = new Set(orderedIn(metadata));
  const moved = new Set(status?.keysInStore);
  const isThere = (key: StoredKey): boolean => {
    if (moved.has(key) || ordered.has(key)) return true;
    // Of a service with two keys, one there, what runs could be misread as if both were.
    if (moved.size > 0) return false;
    const live = observed.get(`Deployment ${SIGNERS[key]}`);
    // A group whose status was lost is known by what runs.
    return live === undefined ? status?.image === undefined : runsByStore(live, key);
  };
  const { openBao, keys } = keyStore;
  return { openBao, keys: keys.filter(isThere), announced: keys.filter((key) => !isThere(key)) };
}

/** That a stack signs with keys that its Region would have in the store, or that a person named one that it has not; said only while it is so. */
export function keptKeyConditions(
  { metadata }: FailoverGroupObject,
  region: string,
  store: StackKeyStore | undefined,
): readonly ConditionStatement[] {
  const named: readonly string[] = store ? [...store.keys, ...store.announced].toSorted() : [];
  const unknown = orderedIn(metadata).filter((word) => !named.includes(word));
  const kept = store?.announced ?? [];
  const told = [
    ...(unknown.length > 0 ? [unknownMessage(unknown, region, named)] : []),
    ...(kept.length > 0 ? [keptMessage(metadata.name, region, kept)] : []),
  ];
  if (told.length === 0) return [];
  const reason = unknown.length > 0 ? REASONS.unknown : REASONS.kept;
  return [{ type: "KeysInStore", status: "False", reason, message: told.join(" ") }];
}

function unknownMessage(words: readonly string[], region: string, named: readonly string[]): string {
  const allowed =
    named.length > 0 ? `write some of ${named.join(",")}` : "add spec.keyStore to the Region first";
  return `Annotation ${INTO_STORE_ANNOTATION} names ${words.join(",")}, and Region ${region} names no such key in spec.keyStore: ${allowed}.`;
}

function keptMessage(group: string, region: string, keys: StackKeyStore["announced"]): string {
  const kept = keys.join(",");
  const first = keys.includes("audit-signing-key")
    ? "import audit-signing-key as version 1, as it is the log's identity, make the others there"
    : "make them there";
  return (
    `Region ${region} names ${kept} in spec.keyStore, and this stack, which was there before, works with its Secrets still. To move them: ` +
    `${first} (docs/trust.md), an hour later: kubectl annotate failovergroup ${group} ${INTO_STORE_ANNOTATION}=${kept}`
  );
}

/** Components as they are, with what those may wait for beside the rest whose keys are in the store. */
export function mindingStore(components: readonly Component[], stack: Stack): readonly Component[] {
  const { address = "" } = stack.keyStore?.openBao ?? {};
  const next = `it asks the key store ${address}: see that this runs, is unsealed and lets the pod in, whose log says more`;
  return components.map((component) => {
    const { name, message } = component;
    const asks = SERVICES.some((service) => service === name && asksStore(stack, service));
    return asks && message !== undefined ? { ...component, message: `${message} (${next})` } : component;
  });
}

/** What a person wrote into the annotation, word by word. */
function orderedIn({ annotations }: FailoverGroupObject["metadata"]): readonly string[] {
  return (annotations?.[INTO_STORE_ANNOTATION] ?? "").split(/[\s,]+/).filter((word) => word !== "");
}

/**
 * Whether a service runs with a token for the store and without a key's Secret, or with one that it does not need; a hand that
 * takes the Secret away gives no token.
 */
function runsByStore(live: Workload, key: StoredKey): boolean {
  const { volumes = [] } = (live as WithVolumes).spec?.template?.spec ?? {};
  const hasSecret = volumes.some(
    ({ secret }) =>
      secret?.secretName === key &&
      secret.optional !== true &&
      (secret.items === undefined || secret.items.some((item) => PRIVATE.has(item.key))),
  );
  return !hasSecret && volumes.some(({ name }) => name === keyStoreToken.volume.name);
}

const PRIVATE: ReadonlySet<string> = new Set(["jwks.json", "key.pem"]);

interface WithVolumes {
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly volumes?: readonly {
          readonly name: string;
          readonly secret?: {
            readonly secretName?: string;
            readonly optional?: boolean;
            readonly items?: readonly { readonly key: string }[];
          };
        }[];
      };
    };
  };
}
