import { dynamicLink } from "../service/dynamic-link.ts";
import { asOf, endOf, type Authorisation, type Consent, type PayerAccount } from "./consent.ts";
import { firstDifference, inPresentWords, type Asked } from "./migration.ts";
import { isEnd, stateAfter, type Ending, type TransitionName } from "./states.ts";

/** What somebody wants to happen to a consent. */
export type Change =
  | ({ readonly do: "authorise" } & Authorisation)
  | { readonly do: Exclude<Ending, "withdraw" | "use"> }
  /** Taken back by the partner before the customer said yes; afterwards it is hers. */
  | { readonly do: "takeBack" }
  | { readonly do: "upload" }
  | { readonly do: "migrate"; readonly to: Asked }
  | { readonly do: "withdraw"; readonly customer: string };

/** Why it cannot happen. */
export type Refusal =
  | "StateForbids"
  | "OtherCustomer"
  | "NoAccounts"
  | "OneAccount"
  | "OtherAccount"
  | "OtherRequest"
  | "NotYetOver"
  | "NothingToMigrate"
  | "OtherMeaning";

/** The consent afterwards and the transition it took, or why not. `changed: false` repeats what already was. */
export type Decision =
  | {
      readonly ok: true;
      readonly changed: true;
      readonly transition: TransitionName;
      readonly consent: Consent;
    }
  | { readonly ok: true; readonly changed: false; readonly consent: Consent }
  | { readonly ok: false; readonly why: Refusal; readonly consent: Consent };

/**
 * What a change makes of a consent.
 *
 * Authorising a consent that is authorised already is a new authentication of the same customer; with the same grant it
 * is the same request once more, and changes nothing.
 */
export function decide(stored: Consent, change: Change, now: Date): Decision {
  switch (change.do) {
    case "expire":
      return now < endOf(stored) && !isEnd(stored.state)
        ? { ok: false, why: "NotYetOver", consent: stored }
        : ended(stored, "expire", endOf(stored));
    case "authorise":
      return authorised(asOf(stored, now), change, now);
    case "withdraw": {
      const consent = asOf(stored, now);
      const own = consent.authorisation?.customer === change.customer;
      return own ? ended(consent, "withdraw", now) : { ok: false, why: "OtherCustomer", consent };
    }
    case "upload":
      return moved(asOf(stored, now), "upload", now);
    case "migrate":
      return migrated(asOf(stored, now), change.to);
    case "takeBack": {
      const consent = asOf(stored, now);
      const hers = consent.state === "AUTH";
      return hers ? { ok: false, why: "StateForbids", consent } : ended(consent, "delete", now);
    }
    case "reject":
    case "delete":
    case "endPartner":
      return ended(asOf(stored, now), change.do, now);
  }
}

function authorised(
  consent: Consent,
  { customer, accounts, debtor, grantId, sca, shown }: Authorisation,
  now: Date,
): Decision {
  const before = consent.authorisation;
  const transition: TransitionName = consent.state === "AUTH" ? "reauthorise" : "authorise";
  const state = stateAfter(consent.state, transition);
  if (state === undefined) return { ok: false, why: "StateForbids", consent };
  if (before !== undefined && before.customer !== customer)
    return { ok: false, why: "OtherCustomer", consent };
  if (before?.grantId === grantId) return { ok: true, changed: false, consent };
  if (accounts.length === 0) return { ok: false, why: "NoAccounts", consent };
  const why = refusalOf(consent, { accounts, debtor, sca });
  if (why !== undefined) return { ok: false, why, consent };
  const authorisation: Authorisation = {
    customer,
    accounts: [...new Set(accounts)],
    debtor,
    grantId,
    sca,
    shown,
  };
  return {
    ok: true,
    changed: true,
    transition,
    consent: { ...consent, state, stateUpdatedAt: now, authorisation },
  };
}

/** Why an authorisation of anything but account access is none. */
function refusalOf(
  { kind, request }: Consent,
  { accounts, debtor, sca }: Pick<Authorisation, "accounts" | "debtor" | "sca">,
): Refusal | undefined {
  if (kind === "account-access") return undefined;
  if (accounts.length > 1 || debtor === undefined) return "OneAccount";
  const asked = debtorAsked(request);
  const same = asked?.SchemeName === debtor.SchemeName && asked.Identification === debtor.Identification;
  if (asked !== undefined && !same) return "OtherAccount";
  // The customer proved that she wants what she saw; only for that may the proof be used.
  return sca.linked === dynamicLink(kind, request) ? undefined : "OtherRequest";
}

/** The account that the partner asked to be paid from, or asked about, if it named one. */
export function debtorAsked(request: Consent["request"]): Omit<PayerAccount, "Name"> | undefined {
  const { DebtorAccount: account, Initiation: initiation } = request as {
    readonly DebtorAccount?: PayerAccount;
    readonly Initiation?: { readonly DebtorAccount?: PayerAccount };
  };
  return account ?? initiation?.DebtorAccount;
}

function moved(consent: Consent, transition: TransitionName, at: Date): Decision {
  const state = stateAfter(consent.state, transition);
  if (state === undefined) return { ok: false, why: "StateForbids", consent };
  return { ok: true, changed: true, transition, consent: { ...consent, state, stateUpdatedAt: at } };
}

/** Neither time nor authorisation change: the customer's yes was to what the words say, and they say it still. */
function migrated(consent: Consent, to: Asked): Decision {
  if (stateAfter(consent.state, "migrate") === undefined) return { ok: false, why: "StateForbids", consent };
  const wanted = inPresentWords(consent);
  if (wanted === undefined) return { ok: false, why: "NothingToMigrate", consent };
  if (firstDifference(wanted, to) !== undefined) return { ok: false, why: "OtherMeaning", consent };
  return { ok: true, changed: true, transition: "migrate", consent: { ...consent, ...wanted } };
}

function ended(consent: Consent, ending: Ending, at: Date): Decision {
  const decision = moved(consent, ending, at);
  return decision.ok ? { ...decision, consent: { ...decision.consent, endedBy: ending } } : decision;
}
