import { createHash } from "node:crypto";
import type { ShardPolicy } from "../../../crds/shard.ts";
import { canonicalJson } from "../../service/canonical-json.ts";
import type { Consent } from "../consent.ts";
import type { AccountAccessRequest } from "../kinds/account-access.ts";

/** When the tests' world begins. */
export const NOON = new Date("2026-11-22T12:00:00.000Z");

/** `NOON` and some days. */
export function daysAfter(days: number, from: Date = NOON): Date {
  return new Date(from.getTime() + days * 86_400_000);
}

const PERMISSIONS = [
  "ReadAccountsBasic",
  "ReadAccountsDetail",
  "ReadBalances",
  "ReadTransactionsBasic",
  "ReadTransactionsDetail",
  "ReadTransactionsCredits",
  "ReadTransactionsDebits",
];
const text = canonicalJson({ permissions: PERMISSIONS, maxDurationDays: 180 });

/** A policy of 180 days that allows accounts, balances and transactions. */
export const POLICY: ShardPolicy = {
  name: "ke-standard",
  hash: createHash("sha256").update(text).digest("hex"),
  text,
  permissions: PERMISSIONS,
  maxDurationDays: 180,
  reauthenticationDays: 180,
  historyDays: 90,
  unattendedPerDay: 4,
};

/** A request every policy here allows, with changes. */
export function requestOf(data: Partial<AccountAccessRequest["Data"]> = {}): AccountAccessRequest {
  return { Data: { Permissions: ["ReadAccountsBasic", "ReadBalances"], ...data }, Risk: {} };
}

/** A consent that waits for its customer since noon, for 90 days. */
export const AWAITING: Consent = {
  id: "aac-1",
  clientId: "ptn-0000000000000001",
  kind: "account-access",
  state: "AWAU",
  permissions: ["ReadAccountsBasic", "ReadBalances"],
  request: requestOf().Data,
  risk: {},
  createdAt: NOON,
  stateUpdatedAt: NOON,
  expiresAt: daysAfter(90),
  transactionFrom: undefined,
  transactionTo: undefined,
  policy: POLICY,
  authorisation: undefined,
  endedBy: undefined,
};

/** The customer's yes to it. */
export const YES = {
  do: "authorise",
  customer: "cus-amina",
  accounts: ["acc-1", "acc-2"],
  grantId: "grant-1",
  sca: { method: "otp", at: NOON },
} as const;
