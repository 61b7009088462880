import type { Database, Queries } from "../../service/postgres.ts";
import { consentSnapshot } from "../answer.ts";
import { asOf, type Consent } from "../consent.ts";
import { consentOfRow, type ConsentRow } from "../row.ts";
import { answer, ask, createPrivacyRequests } from "./request-store.ts";
import type { PrivacyRequest } from "./request.ts";
import { restrictedSince } from "./restriction.ts";

/** Somebody who was given data, or could ask for it. */
export interface Recipient {
  readonly partner: string;
  /** As customers know it; absent when the bank no longer works with it. */
  readonly name?: string | undefined;
  readonly consents: readonly {
    readonly id: string;
    readonly kind: string;
    readonly permissions: readonly string[];
    readonly accounts: readonly string[];
    readonly from: string;
    readonly to: string;
  }[];
}

/** Everything the platform keeps of a customer, for her to read and to take elsewhere. */
export interface CustomerRecord {
  readonly format: "wekeza-customer-record/1";
  readonly customer: string;
  /** RFC 3339. */
  readonly at: string;
  readonly recipients: readonly Recipient[];
  readonly consents: readonly object[];
  /** What partners read by themselves, today and yesterday: longer that is not kept. */
  readonly reads: readonly object[];
  readonly accounts: readonly object[];
  readonly payments: readonly object[];
  /** What she asked of the bank about her data, and what became of it. */
  readonly requests: readonly object[];
  /** Since when her data is given to nobody. */
  readonly restrictedSince?: string;
  /** What the audit log says of all this, each line with its number there. */
  readonly history: readonly { readonly index: number; readonly leaf: unknown }[];
}

/**
 * Gives all that is kept of a customer to whoever asked, and writes down that it was given: the answer to a request for
 * access, which the bank can show.
 */
export async function giveRecord(
  database: Database,
  request: PrivacyRequest,
  nameOf: (clientId: string) => string | undefined,
): Promise<CustomerRecord> {
  const { id, customer, askedAt: at, askedBy } = request;
  const record = await customerRecord(database, customer, { now: at, nameOf });
  const actor = askedBy.kind === "customer" ? ({ kind: "bank" } as const) : askedBy;
  await database.transaction(async (tx) => {
    await ask(tx, request);
    await answer(tx, id, { answer: "Granted", actor, at });
  });
  return record;
}

/** Puts together all that is kept of a customer: of this service, of banking, and of the audit log. */
async function customerRecord(
  database: Database,
  customer: string,
  { now, nameOf }: { readonly now: Date; readonly nameOf: (clientId: string) => string | undefined },
): Promise<CustomerRecord> {
  const { rows } = await database.query<ConsentRow>(
    "select * from consents where customer = $1 order by created_at, id",
    [customer],
  );
  const consents = rows.map((row) => asOf(consentOfRow(row), now));
  const ids = consents.map(({ id }) => id);
  const beside = await besideOf(database, customer);
  const { rows: kept } = await database.query<{ readonly kind: string; readonly record: Kept }>(
    "select kind, record from banking.kept_of($1)",
    [customer],
  );
  const of = (kind: string): readonly Kept[] =>
    kept.flatMap((each) => (each.kind === kind ? each.record : []));
  const requests = await createPrivacyRequests(database).of(customer);
  const subjects = [...ids, ...of("payment").map(({ id }) => id), ...requests.map(({ id }) => id)];
  const restricted = await restrictedSince(database, customer);
  return {
    format: "wekeza-customer-record/1",
    customer,
    at: now.toISOString(),
    recipients: recipientsOf(consents, now, nameOf),
    consents: consents.map((consent) => ({ ...inFull(consent), ...wordsAndFile(beside.get(consent.id)) })),
    reads: ids.flatMap((consent) => (beside.get(consent)?.reads ?? []).map((read) => ({ consent, ...read }))),
    accounts: of("account"),
    payments: of("payment"),
    requests: requests.map((request) => ({ ...forCustomer(request), words: request.words })),
    ...(restricted === undefined ? {} : { restrictedSince: restricted.toISOString() }),
    history: await historyOf(database, subjects),
  };
}

interface Kept {
  readonly id: string;
}

/**
 * A request as its customer sees it. That somebody holds her data is not in it: whoever is looked into must not learn it
 * from here (Kenya: POCAMLA section 8, EU 2015/849 article 39), and "kept by law" is true of both.
 */
export function forCustomer(request: PrivacyRequest): object {
  const { id, kind, law, askedAt, dueAt, extendedBecause, answeredAt, answer, because, outcome } = request;
  return {
    id,
    kind,
    law,
    askedAt,
    dueAt,
    extendedBecause,
    answeredAt,
    answer,
    because,
    ...(outcome === undefined ? {} : { outcome: { erased: outcome.erased, keptByLaw: outcome.kept } }),
    erasedAt: request.erasedAt,
  };
}

/** Who could ask for what, and from when to when: one entry for each partner that she gave a consent to. */
export function recipientsOf(
  consents: readonly Consent[],
  now: Date,
  nameOf: (clientId: string) => string | undefined,
): readonly Recipient[] {
  const given = consents.filter(({ authorisation }) => authorisation !== undefined);
  return [...Map.groupBy(given, ({ clientId }) => clientId)].map(([partner, theirs]) => ({
    partner,
    name: nameOf(partner),
    consents: theirs.map(({ id, kind, permissions, authorisation, state, stateUpdatedAt }) => ({
      id,
      kind,
      permissions,
      accounts: authorisation?.accounts ?? [],
      from: (authorisation?.sca.at ?? stateUpdatedAt).toISOString(),
      to: (state === "AUTH" ? now : stateUpdatedAt).toISOString(),
    })),
  }));
}

/** A consent with what services are not told: her account, how she proved who she is, and what she was shown. */
function inFull(consent: Consent): object {
  const { authorisation, endedBy, berlinGroup, request, risk } = consent;
  const { debtor, sca, shown } = authorisation ?? {};
  return { ...consentSnapshot(consent), request, risk, berlinGroup, debtor, sca, shown, endedBy };
}

/** What stands beside a consent: who read, what was asked for in earlier words, and the file of payments. */
interface Beside {
  readonly consent: string;
  readonly reads: readonly object[] | null;
  readonly former: object | null;
  /** Its content as base64. */
  readonly file: object | null;
}

async function besideOf(queries: Queries, customer: string): Promise<ReadonlyMap<string, Beside>> {
  const { rows } = await queries.query<Beside>(
    `select c.id as consent, (
       select jsonb_agg(jsonb_build_object('resource', u.resource, 'day', u.day, 'calls', u.calls) order by u.day, u.resource)
       from unattended_calls u where u.consent = c.id
     ) as reads, (
       select jsonb_build_object('request', f.request, 'risk', f.risk) from former_requests f where f.consent = c.id
     ) as former, (
       select jsonb_build_object('mediaType', f.media_type, 'content', encode(f.content, 'base64'))
       from files f where f.consent = c.id
     ) as file from consents c where c.customer = $1`,
    [customer],
  );
  return new Map(rows.map((row) => [row.consent, row]));
}

function wordsAndFile(beside: Beside | undefined): object {
  const { former, file } = beside ?? { former: null, file: null };
  return { ...(former === null ? {} : { former }), ...(file === null ? {} : { file }) };
}

async function historyOf(queries: Queries, subjects: readonly string[]): Promise<CustomerRecord["history"]> {
  const { rows } = await queries.query<{ readonly index: string; readonly leaf: string }>(
    "select index, leaf from audit.history_of($1)",
    [subjects],
  );
  return rows.map(({ index, leaf }) => ({ index: Number(index), leaf: JSON.parse(leaf) as unknown }));
}
