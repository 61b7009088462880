import type { ConsentSnapshot } from "../service/consent-snapshot.ts";
import { entriesOf } from "./berlin-group/bulk-request.ts";
import { reauthenticationDue, type Consent } from "./consent.ts";
import type { KindRules } from "./kinds/kind.ts";
import type { Ending } from "./states.ts";
import { obukStatus } from "./views.ts";

/** Why a consent stands as it does, in the members of `OBStatusReason`. */
interface StatusReason {
  readonly StatusReasonCode?: string;
  readonly StatusReasonDescription: string;
}

const ENDINGS: Readonly<Record<Exclude<Ending, "use">, StatusReason>> = {
  reject: { StatusReasonDescription: "The customer declined." },
  withdraw: { StatusReasonDescription: "The customer withdrew the consent at the bank." },
  delete: { StatusReasonDescription: "Deleted through the API." },
  endPartner: { StatusReasonDescription: "The bank no longer works with this partner." },
  // ISO 20022 external status reason "transaction/request expired", named by the v4 profile for expired consents.
  expire: { StatusReasonCode: "TKXP", StatusReasonDescription: "The consent's time is over." },
};

const AWAITING: StatusReason = {
  StatusReasonCode: "U036",
  StatusReasonDescription: "Waiting for the customer to authorise the consent.",
};

const AWAITING_FILE: StatusReason = { StatusReasonDescription: "Waiting for the file of payments." };

/** Why a consent is neither waiting as all do, authorised, nor consumed. */
function reasonsOf({ state, endedBy }: Consent): readonly StatusReason[] {
  if (state === "AUTH" || endedBy === "use") return [];
  return [endedBy === undefined ? (state === "AWUP" ? AWAITING_FILE : AWAITING) : ENDINGS[endedBy]];
}

/** A consent as partners read it: the response body of its kind in Open Banking UK 4.0. */
export function consentAnswer(consent: Consent, { path }: Pick<KindRules, "path">, apiHost: string): object {
  const { id, kind, state, createdAt, stateUpdatedAt, risk, authorisation } = consent;
  const reasons = reasonsOf(consent);
  // The account a customer chose at the bank is told only where later payments need it.
  const chosen = kind === "domestic-vrp" ? authorisation?.debtor : undefined;
  return {
    Data: {
      ConsentId: id,
      CreationDateTime: createdAt.toISOString(),
      Status: obukStatus(kind, state),
      ...(reasons.length === 0 ? {} : { StatusReason: reasons }),
      StatusUpdateDateTime: stateUpdatedAt.toISOString(),
      ...(kind === "account-access" ? accessData(consent) : consent.request),
      ...(chosen === undefined ? {} : { DebtorAccount: chosen }),
    },
    ...(risk === undefined ? {} : { Risk: risk }),
    Links: { Self: `https://${apiHost}${path}/${id}` },
    Meta: { TotalPages: 1 },
  };
}

function accessData({ permissions, expiresAt, transactionFrom, transactionTo }: Consent): object {
  return {
    Permissions: permissions,
    ExpirationDateTime: expiresAt.toISOString(),
    ...(transactionFrom === undefined ? {} : { TransactionFromDateTime: transactionFrom.toISOString() }),
    ...(transactionTo === undefined ? {} : { TransactionToDateTime: transactionTo.toISOString() }),
  };
}

/** A consent as the services of the stack read it. */
export function consentSnapshot(consent: Consent): ConsentSnapshot {
  const { authorisation, transactionFrom, transactionTo } = consent;
  const due = reauthenticationDue(consent);
  const payments = entriesOf(consent);
  return {
    id: consent.id,
    clientId: consent.clientId,
    kind: consent.kind,
    ...(consent.kind === "account-access" ? {} : asked(consent)),
    status: consent.state,
    permissions: [...consent.permissions],
    accounts: [...(authorisation?.accounts ?? [])],
    ...(authorisation === undefined
      ? {}
      : { customer: authorisation.customer, grantId: authorisation.grantId }),
    createdAt: consent.createdAt.toISOString(),
    statusUpdatedAt: consent.stateUpdatedAt.toISOString(),
    expiresAt: consent.expiresAt.toISOString(),
    ...(due === undefined ? {} : { reauthenticateBy: due.toISOString() }),
    ...(transactionFrom === undefined ? {} : { transactionFrom: transactionFrom.toISOString() }),
    ...(transactionTo === undefined ? {} : { transactionTo: transactionTo.toISOString() }),
    ...(payments === undefined ? {} : { payments: [...payments] }),
    policy: consent.policy,
  };
}

function asked({ request, risk }: Consent): Pick<ConsentSnapshot, "request" | "initiation" | "risk"> {
  const { Initiation: initiation } = request as { readonly Initiation?: Record<string, unknown> };
  return {
    request,
    ...(initiation === undefined ? {} : { initiation }),
    ...(risk === undefined ? {} : { risk }),
  };
}
