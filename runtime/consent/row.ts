import type { ShardPolicy } from "../../crds/shard.ts";
import type { ConsentKind, ConsentState } from "../service/consent-snapshot.ts";
import type { Consent, PayerAccount } from "./consent.ts";
import type { Ending } from "./states.ts";

/** A row of `consents`, as Postgres gives it. */
export interface ConsentRow {
  readonly id: string;
  readonly client_id: string;
  readonly kind: ConsentKind;
  readonly state: ConsentState;
  readonly permissions: readonly string[];
  readonly request: Readonly<Record<string, unknown>>;
  readonly risk: Readonly<Record<string, unknown>> | null;
  readonly berlin_group: Readonly<Record<string, unknown>> | null;
  readonly created_at: Date;
  readonly state_updated_at: Date;
  readonly expires_at: Date;
  readonly transaction_from: Date | null;
  readonly transaction_to: Date | null;
  readonly policy: ShardPolicy;
  readonly customer: string | null;
  readonly accounts: readonly string[] | null;
  readonly debtor_account: PayerAccount | null;
  readonly grant_id: string | null;
  readonly sca: { readonly method: string; readonly at: string; readonly linked?: string } | null;
  readonly shown: string | null;
  readonly ended_by: Ending | null;
  readonly erased_at: Date | null;
}

/** The consent a row holds. */
export function consentOfRow(row: ConsentRow): Consent {
  const { customer, accounts, grant_id: grantId, sca } = row;
  const authorised = customer !== null && accounts !== null && grantId !== null && sca !== null;
  return {
    id: row.id,
    clientId: row.client_id,
    kind: row.kind,
    state: row.state,
    permissions: row.permissions,
    request: row.request,
    risk: row.risk ?? undefined,
    ...(row.berlin_group === null ? {} : { berlinGroup: row.berlin_group }),
    createdAt: row.created_at,
    stateUpdatedAt: row.state_updated_at,
    expiresAt: row.expires_at,
    transactionFrom: row.transaction_from ?? undefined,
    transactionTo: row.transaction_to ?? undefined,
    policy: row.policy,
    authorisation: authorised
      ? {
          customer,
          accounts,
          debtor: row.debtor_account ?? undefined,
          grantId,
          sca: { ...sca, at: new Date(sca.at) },
          shown: row.shown ?? undefined,
        }
      : undefined,
    endedBy: row.ended_by ?? undefined,
    ...(row.erased_at === null ? {} : { erasedAt: row.erased_at }),
  };
}
