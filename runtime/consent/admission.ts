import type { ShardPolicy } from "../../crds/shard.ts";
import type { ObukFault } from "../service/obuk-error.ts";
import type { Consent } from "./consent.ts";
import type { ConsentRequest } from "./request.ts";

const DAY_MS = 86_400_000;

/** What a check sees. */
interface Asked {
  readonly data: ConsentRequest["Data"];
  readonly policy: ShardPolicy;
  readonly now: Date;
}
type Check = (asked: Asked) => readonly ObukFault[];

const PERMISSIONS = "Data.Permissions";
const EXPIRATION = "Data.ExpirationDateTime";

function hasAny({ data }: Asked, ...names: readonly string[]): boolean {
  return data.Permissions.some((name) => names.includes(name));
}

/** Nothing can be read without a list of accounts. */
const accountsAsked: Check = (asked) =>
  hasAny(asked, "ReadAccountsBasic", "ReadAccountsDetail")
    ? []
    : [invalid("Permissions need ReadAccountsBasic or ReadAccountsDetail; add one.", PERMISSIONS)];

/** How much of a transaction, and which transactions, go together. */
const transactionsWhole: Check = (asked) => {
  const depth = hasAny(asked, "ReadTransactionsBasic", "ReadTransactionsDetail");
  const direction = hasAny(asked, "ReadTransactionsCredits", "ReadTransactionsDebits");
  if (depth === direction) return [];
  const [have, need] = depth
    ? [
        "ReadTransactionsBasic and ReadTransactionsDetail",
        "ReadTransactionsCredits or ReadTransactionsDebits",
      ]
    : [
        "ReadTransactionsCredits and ReadTransactionsDebits",
        "ReadTransactionsBasic or ReadTransactionsDetail",
      ];
  return [invalid(`${have} need ${need} beside them; add one.`, PERMISSIONS)];
};

const allowedByPolicy: Check = ({ data, policy }) =>
  data.Permissions.filter((name) => !policy.permissions.includes(name)).map((name) =>
    invalid(
      `Permission ${name} breaks rule permissions of consent policy ${policy.name}; leave it out.`,
      PERMISSIONS,
    ),
  );

const expiresInFuture: Check = ({ data, now }) =>
  data.ExpirationDateTime === undefined || new Date(data.ExpirationDateTime) > now
    ? []
    : [{ reason: "FieldInvalidDate", message: `${EXPIRATION} is in the past.`, path: EXPIRATION }];

const expiresInTime: Check = ({ data, policy, now }) => {
  if (data.ExpirationDateTime === undefined) return [];
  const latest = latestEnd(policy, now);
  if (new Date(data.ExpirationDateTime) <= latest) return [];
  const message =
    `${EXPIRATION} breaks rule maxDurationDays (${policy.maxDurationDays}) of consent policy ${policy.name}; ` +
    `ask for ${latest.toISOString()} at the latest.`;
  return [{ reason: "FieldInvalidDate", message, path: EXPIRATION }];
};

const periodInOrder: Check = ({ data: { TransactionFromDateTime: from, TransactionToDateTime: to } }) => {
  if (from === undefined || to === undefined || new Date(from) <= new Date(to)) return [];
  const path = "Data.TransactionToDateTime";
  return [{ reason: "FieldInvalidDate", message: `${path} is before Data.TransactionFromDateTime.`, path }];
};

/** All findings are told at once, so that a partner mends a request in one go. */
const checks: readonly Check[] = [
  accountsAsked,
  transactionsWhole,
  allowedByPolicy,
  expiresInFuture,
  expiresInTime,
  periodInOrder,
];

/** A consent that waits for its customer, or everything that Open Banking UK or the partner's policy has against it. */
export function admit(
  request: ConsentRequest,
  {
    id,
    clientId,
    policy,
    now,
  }: { readonly id: string; readonly clientId: string } & Pick<Asked, "policy" | "now">,
): { readonly consent: Consent } | { readonly faults: readonly ObukFault[] } {
  const { Data: data } = request;
  const faults = checks.flatMap((check) => check({ data, policy, now }));
  if (faults.length > 0) return { faults };
  const consent: Consent = {
    id,
    clientId,
    state: "AWAU",
    permissions: [...new Set(data.Permissions)],
    createdAt: now,
    stateUpdatedAt: now,
    expiresAt: dateOf(data.ExpirationDateTime) ?? latestEnd(policy, now),
    transactionFrom: dateOf(data.TransactionFromDateTime),
    transactionTo: dateOf(data.TransactionToDateTime),
    policy,
    authorisation: undefined,
    endedBy: undefined,
  };
  return { consent };
}

function latestEnd(policy: ShardPolicy, now: Date): Date {
  return new Date(now.getTime() + policy.maxDurationDays * DAY_MS);
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

function invalid(message: string, path: string): ObukFault {
  return { reason: "FieldInvalid", message, path };
}
