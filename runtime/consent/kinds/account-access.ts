import { Type, type Static } from "typebox";
import { PERMISSIONS as KNOWN } from "../../../crds/consent-policy.ts";
import { futureFaults, invalid, orderFaults } from "./checks.ts";
import { defineKind, type Check, type Circumstances, type KindRules } from "./kind.ts";
import { DateTime, exact, oneOf, optional } from "./shapes.ts";

const DAY_MS = 86_400_000;

/** What a partner sends to ask for account access (Open Banking UK 4.0, `OBReadConsent1`). */
export const AccountAccessRequest = Type.Object({
  Data: Type.Object({
    Permissions: Type.Array(oneOf(KNOWN), { minItems: 1, maxItems: 64 }),
    ExpirationDateTime: optional(DateTime),
    TransactionFromDateTime: optional(DateTime),
    TransactionToDateTime: optional(DateTime),
  }),
  Risk: exact({}),
});
export type AccountAccessRequest = Static<typeof AccountAccessRequest>;
type Data = AccountAccessRequest["Data"];

const PERMISSIONS = "Data.Permissions";
const EXPIRATION = "Data.ExpirationDateTime";

function hasAny(data: Data, ...names: readonly string[]): boolean {
  return data.Permissions.some((name) => names.includes(name));
}

/** Nothing can be read without a list of accounts. */
const accountsAsked: Check<Data> = (data) =>
  hasAny(data, "ReadAccountsBasic", "ReadAccountsDetail")
    ? []
    : [invalid("Permissions need ReadAccountsBasic or ReadAccountsDetail; add one.", PERMISSIONS)];

/** How much of a transaction, and which transactions, go together. */
const transactionsWhole: Check<Data> = (data) => {
  const depth = hasAny(data, "ReadTransactionsBasic", "ReadTransactionsDetail");
  const direction = hasAny(data, "ReadTransactionsCredits", "ReadTransactionsDebits");
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

const allowedByPolicy: Check<Data> = (data, { policy }) =>
  data.Permissions.filter((name) => !policy.permissions.includes(name)).map((name) =>
    invalid(
      `Permission ${name} breaks rule permissions of consent policy ${policy.name}; leave it out.`,
      PERMISSIONS,
    ),
  );

const expiresInTime: Check<Data> = (data, { policy, now }) => {
  if (data.ExpirationDateTime === undefined) return [];
  const latest = latestEnd({ policy, now });
  if (new Date(data.ExpirationDateTime) <= latest) return [];
  const message =
    `${EXPIRATION} breaks rule maxDurationDays (${policy.maxDurationDays}) of consent policy ${policy.name}; ` +
    `ask for ${latest.toISOString()} at the latest.`;
  return [{ reason: "FieldInvalidDate", message, path: EXPIRATION }];
};

/** When account access that is given now ends at the latest. */
export function latestEnd({ policy, now }: Circumstances): Date {
  return new Date(now.getTime() + policy.maxDurationDays * DAY_MS);
}

/** Consents to read account data. */
export const ACCOUNT_ACCESS: KindRules = defineKind({
  kind: "account-access",
  path: "/open-banking/v4.0/aisp/account-access-consents",
  prefix: "aac",
  role: "AISP",
  idempotent: false,
  deletable: true,
  schema: AccountAccessRequest,
  expiresAt: ({ ExpirationDateTime: end }, circumstances) =>
    end === undefined ? latestEnd(circumstances) : new Date(end),
  checks: [
    accountsAsked,
    transactionsWhole,
    allowedByPolicy,
    ({ ExpirationDateTime }, circumstances) => futureFaults(EXPIRATION, ExpirationDateTime, circumstances),
    expiresInTime,
    ({ TransactionFromDateTime: from, TransactionToDateTime: to }) =>
      orderFaults(["Data.TransactionFromDateTime", from], ["Data.TransactionToDateTime", to]),
  ],
});
