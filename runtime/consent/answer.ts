import type { ConsentSnapshot } from "../service/consent-snapshot.ts";
import type { Consent } from "./consent.ts";
import type { Ending } from "./states.ts";

/** Where partners find consents, below the API's host. */
export const CONSENTS_PATH = "/open-banking/v4.0/aisp/account-access-consents";

/** Why a consent stands as it does, in the members of `OBStatusReason`. */
interface StatusReason {
  readonly StatusReasonCode?: string;
  readonly StatusReasonDescription: string;
}

const ENDINGS: Readonly<Record<Ending, StatusReason>> = {
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

/** A consent as partners read it (Open Banking UK 4.0, `OBReadConsentResponse1`). */
export function consentAnswer(consent: Consent, apiHost: string): object {
  const { id, state, permissions, createdAt, stateUpdatedAt, expiresAt, transactionFrom, transactionTo } =
    consent;
  const reason = consent.endedBy === undefined ? undefined : ENDINGS[consent.endedBy];
  return {
    Data: {
      ConsentId: id,
      CreationDateTime: createdAt.toISOString(),
      Status: state,
      ...(state === "AUTH" ? {} : { StatusReason: [reason ?? AWAITING] }),
      StatusUpdateDateTime: stateUpdatedAt.toISOString(),
      Permissions: permissions,
      ExpirationDateTime: expiresAt.toISOString(),
      ...(transactionFrom === undefined ? {} : { TransactionFromDateTime: transactionFrom.toISOString() }),
      ...(transactionTo === undefined ? {} : { TransactionToDateTime: transactionTo.toISOString() }),
    },
    Risk: {},
    Links: { Self: `https://${apiHost}${CONSENTS_PATH}/${id}` },
    Meta: { TotalPages: 1 },
  };
}

/** A consent as the services of the stack read it. */
export function consentSnapshot(consent: Consent): ConsentSnapshot {
  const { authorisation, transactionFrom, transactionTo } = consent;
  return {
    id: consent.id,
    clientId: consent.clientId,
    status: consent.state,
    permissions: [...consent.permissions],
    accounts: [...(authorisation?.accounts ?? [])],
    ...(authorisation === undefined
      ? {}
      : { customer: authorisation.customer, grantId: authorisation.grantId }),
    createdAt: consent.createdAt.toISOString(),
    statusUpdatedAt: consent.stateUpdatedAt.toISOString(),
    expiresAt: consent.expiresAt.toISOString(),
    ...(transactionFrom === undefined ? {} : { transactionFrom: transactionFrom.toISOString() }),
    ...(transactionTo === undefined ? {} : { transactionTo: transactionTo.toISOString() }),
    policy: consent.policy,
  };
}
