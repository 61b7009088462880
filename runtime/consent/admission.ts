import type { ObukFault } from "../service/obuk-error.ts";
import type { Consent } from "./consent.ts";
import type { Circumstances, KindRules } from "./kinds/kind.ts";

/** Who asks, and the new consent's id. */
export interface Asking extends Circumstances {
  readonly id: string;
  readonly clientId: string;
}

/** A consent that waits for its customer, or everything that the standard or the partner's policy has against it. */
export function admit(
  rules: KindRules,
  body: unknown,
  { id, clientId, policy, now }: Asking,
): { readonly consent: Consent } | { readonly faults: readonly ObukFault[] } {
  const read = rules.read(body, { policy, now });
  if ("faults" in read) return read;
  const { data, risk, expiresAt } = read;
  const { Permissions: permissions = [] } = data as { readonly Permissions?: readonly string[] };
  const consent: Consent = {
    id,
    clientId,
    kind: rules.kind,
    state: rules.kind === "file-payment" ? "AWUP" : "AWAU",
    permissions: [...new Set(permissions)],
    request: data,
    risk,
    createdAt: now,
    stateUpdatedAt: now,
    expiresAt,
    transactionFrom: dateOf(data["TransactionFromDateTime"]),
    transactionTo: dateOf(data["TransactionToDateTime"]),
    policy,
    authorisation: undefined,
    endedBy: undefined,
  };
  return { consent };
}

function dateOf(text: unknown): Date | undefined {
  return typeof text === "string" ? new Date(text) : undefined;
}
