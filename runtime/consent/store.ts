import { writeAuditLeaf } from "../service/audit-leaf.ts";
import type { Revocations } from "../service/consent-snapshot.ts";
import { claimKey, madeBefore, releaseKey, type Claim } from "../service/idempotency.ts";
import { writeOutbox } from "../service/outbox.ts";
import type { Database, Queries } from "../service/postgres.ts";
import type { Decision } from "./change.ts";
import { endOf, requestHash, type Consent } from "./consent.ts";
import { consentEvent, type Actor, type CONSENT_EVENTS } from "./events.ts";
import type { Asked } from "./migration.ts";
import { consentOfRow, type ConsentRow } from "./row.ts";
import { isTakenBack } from "./states.ts";

/** Counts of calls that are forgotten at once: few, so that any plan walks along the index of their days. */
const CALLS_AT_ONCE = 100;

/** Consents and all that is written with them; the only place that speaks SQL. */
export interface ConsentStore {
  /**
   * Keeps a new consent, with what comes with it.
   *
   * @returns it, or the one that the same request made before.
   * @throws ObukError when the claim's key was used for another request.
   */
  add(consent: Consent, actor: Actor, enclosed?: Enclosed): Promise<Consent>;
  /**
   * The consent that the same request made or changed before, to be answered with whatever else is true by now.
   *
   * @throws ObukError when the claim's key was used for another request.
   */
  answered(claim: Omit<Claim, "resource">): Promise<Consent | undefined>;
  /** Remembers that a request was answered by a consent it neither made nor changed. */
  remember(claim: Claim): Promise<void>;
  find(id: string): Promise<Consent | undefined>;
  /** A customer's consents, newest first, at most 200. */
  ofCustomer(customer: string): Promise<readonly Consent[]>;
  /**
   * Changes a consent as `decide` says, in one transaction: its row, the outbox, the audit leaf, and the revocation log
   * when it ends. The row is locked meanwhile, so that of two changes the second one sees the first.
   *
   * @returns the decision, or undefined when there is no such consent.
   */
  change(id: string, decide: (consent: Consent) => Decision, by: Occasion): Promise<Decision | undefined>;
  /** What a consent asked for before it was migrated; undefined for one that was not. */
  former(id: string): Promise<Asked | undefined>;
  /** The file of a file payment. */
  file(id: string): Promise<PaymentFile | undefined>;
  /** Forgets how often was read on days that are over, some at a time. */
  forgetCalls(now: Date): Promise<void>;
  /** Ids of living consents whose time is over. */
  overdue(now: Date, limit: number): Promise<readonly string[]>;
  /** Ids of living consents of clients that are not among these. */
  ofOthers(clientIds: readonly string[], limit: number): Promise<readonly string[]>;
  /** Consents that ended after a cursor, in order. Without one: those since `from`, and where to go on. */
  revocations(since: string | undefined, from: Date): Promise<Revocations>;
}

/** A file of payments, byte for byte as it was sent. */
export interface PaymentFile {
  readonly mediaType: string;
  readonly content: Buffer;
}

/** What comes with a new consent or a change. */
export interface Enclosed {
  /** Kept if that happens. */
  readonly file?: PaymentFile;
  /** A change under a claim that was made before changes nothing; one that is refused leaves no claim. */
  readonly claim?: Claim;
}

/** Who changes something, and when. */
export interface Occasion extends Enclosed {
  readonly actor: Actor;
  readonly at: Date;
}

/** Revocations in one answer; whoever gets as many asks again at once. */
export const REVOCATIONS_LIMIT = 10_000;
/** Advisory lock of this transaction for the revocation log; the number means nothing. */
const REVOCATION_LOCK = 4_417_902;

/** Clients of living consents. Goes from each to the next in the index: reads as much as there are clients, not consents. */
const LIVING_CLIENTS = `with recursive living as (
    (select client_id from consents where state in ('AWUP', 'AWAU', 'AUTH') order by client_id limit 1)
    union all
    select next.client_id from living, lateral (
      select client_id from consents where state in ('AWUP', 'AWAU', 'AUTH') and client_id > living.client_id
      order by client_id limit 1
    ) next
  ) select client_id from living`;

/** The store over the service's own schema. */
export function createConsentStore(database: Database): ConsentStore {
  const ids = async (sql: string, values: readonly unknown[]): Promise<readonly string[]> =>
    (await database.query<{ id: string }>(sql, values)).rows.map(({ id }) => id);
  return {
    add: (consent, actor, { claim, file } = {}) =>
      database.transaction(async (tx) => {
        const claimed = claim && (await claimKey(tx, claim));
        if (claimed?.outcome === "Repeated") return (await findIn(tx, claimed.resource)) ?? consent;
        await insertConsent(tx, consent);
        if (file) await insertFile(tx, consent.id, file, consent.createdAt);
        await record(tx, "request", consent, { actor, at: consent.createdAt });
        return consent;
      }),
    async answered(claim) {
      const resource = await madeBefore(database, claim);
      return resource === undefined ? undefined : findIn(database, resource);
    },
    async remember(claim) {
      await database.transaction((tx) => claimKey(tx, claim));
    },
    find: (id) => findIn(database, id),
    async former(id) {
      const { rows } = await database.query<{
        readonly request: Asked["request"];
        readonly risk: Asked["request"] | null;
      }>("select request, risk from former_requests where consent = $1", [id]);
      return rows[0] && { request: rows[0].request, risk: rows[0].risk ?? undefined };
    },
    async file(id) {
      const { rows } = await database.query<PaymentFile>(
        'select media_type as "mediaType", content from files where consent = $1',
        [id],
      );
      return rows[0];
    },
    async ofCustomer(customer) {
      const { rows } = await database.query<ConsentRow>(
        "select * from consents where customer = $1 order by created_at desc limit 200",
        [customer],
      );
      return rows.map(consentOfRow);
    },
    change: (id, decide, by) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<ConsentRow>("select * from consents where id = $1 for update", [id]);
        if (rows[0] === undefined) return undefined;
        const stored = consentOfRow(rows[0]);
        if (by.claim && (await claimKey(tx, by.claim)).outcome === "Repeated")
          return { ok: true, changed: false, consent: stored };
        const decision = decide(stored);
        if (!decision.ok && by.claim) await releaseKey(tx, by.claim);
        if (decision.ok && decision.changed) {
          const { transition, consent } = decision;
          if (transition === "migrate") await rewriteConsent(tx, stored, consent);
          else await updateConsent(tx, consent);
          if (by.file) await insertFile(tx, id, by.file, by.at);
          await record(tx, transition, consent, transition === "migrate" ? { ...by, former: stored } : by);
          if (transition === "reauthorise" && !haveSameAccounts(stored, consent))
            await record(tx, "relink", consent, by);
          if (isTakenBack(consent.state)) await insertRevocation(tx, id, by.at);
        }
        return decision;
      }),
    async forgetCalls(now) {
      for (let count = CALLS_AT_ONCE; count === CALLS_AT_ONCE;)
        ({ count } = await database.query(
          `delete from unattended_calls where ctid = any (array(
             select ctid from unattended_calls where day < ($1::timestamptz at time zone 'UTC')::date - 1
             order by day limit ${CALLS_AT_ONCE} for update skip locked
           ))`,
          [now],
        ));
    },
    overdue: (now, limit) =>
      ids(
        "select id from consents where state in ('AWUP', 'AWAU', 'AUTH') and ends_at <= $1 order by ends_at limit $2",
        [now, limit],
      ),
    async ofOthers(clientIds, limit) {
      const { rows } = await database.query<{ client_id: string }>(LIVING_CLIENTS);
      const others = rows.flatMap(({ client_id: id }) => (clientIds.includes(id) ? [] : [id]));
      if (others.length === 0) return [];
      return ids(
        `select c.id from unnest($1::text[]) as other (client), lateral (
           select id from consents where state in ('AWUP', 'AWAU', 'AUTH') and client_id = other.client order by id limit $2
         ) c limit $2`,
        [others, limit],
      );
    },
    async revocations(since, from) {
      const { rows } =
        since === undefined
          ? await database.query<RevocationRow>(
              `select cursor, consent from (
                 select cursor, consent from revocations where at >= $1 order by at desc limit $2
               ) newest order by cursor desc`,
              [from, REVOCATIONS_LIMIT],
            )
          : await database.query<RevocationRow>(
              "select cursor, consent from revocations where cursor > $1 order by cursor limit $2",
              [since, REVOCATIONS_LIMIT],
            );
      const inOrder = since === undefined ? rows.toReversed() : rows;
      const cursor = inOrder.at(-1)?.cursor ?? since ?? (await newestCursor(database));
      return { cursor, consents: inOrder.map(({ consent }) => consent) };
    },
  };
}

function haveSameAccounts(one: Consent, other: Consent): boolean {
  const [before, after] = [one, other].map(({ authorisation }) => new Set(authorisation?.accounts));
  return before !== undefined && after !== undefined && before.symmetricDifference(after).size === 0;
}

async function findIn(queries: Queries, id: string): Promise<Consent | undefined> {
  const { rows } = await queries.query<ConsentRow>("select * from consents where id = $1", [id]);
  return rows[0] && consentOfRow(rows[0]);
}

async function insertFile(tx: Queries, consent: string, file: PaymentFile, at: Date): Promise<void> {
  await tx.query("insert into files (consent, media_type, content, at) values ($1, $2, $3, $4)", [
    consent,
    file.mediaType,
    file.content,
    at,
  ]);
}

interface RevocationRow {
  readonly cursor: string;
  readonly consent: string;
}

async function newestCursor(queries: Queries): Promise<string> {
  const { rows } = await queries.query<{ cursor: string }>(
    "select coalesce(max(cursor), 0) as cursor from revocations",
  );
  return rows[0]?.cursor ?? "0";
}

async function insertConsent(tx: Queries, consent: Consent): Promise<void> {
  await tx.query(
    `insert into consents (id, client_id, kind, state, permissions, request, request_hash, risk, created_at, state_updated_at,
       expires_at, ends_at, transaction_from, transaction_to, policy, berlin_group)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      consent.id,
      consent.clientId,
      consent.kind,
      consent.state,
      consent.permissions,
      consent.request,
      requestHash(consent),
      consent.risk,
      consent.createdAt,
      consent.stateUpdatedAt,
      consent.expiresAt,
      endOf(consent),
      consent.transactionFrom,
      consent.transactionTo,
      consent.policy,
      consent.berlinGroup,
    ],
  );
}

async function updateConsent(tx: Queries, consent: Consent): Promise<void> {
  const { authorisation } = consent;
  await tx.query(
    `update consents set state = $2, state_updated_at = $3, ends_at = $4, ended_by = $5,
       customer = $6, accounts = $7, debtor_account = $8, grant_id = $9, sca = $10, shown = $11
     where id = $1`,
    [
      consent.id,
      consent.state,
      consent.stateUpdatedAt,
      endOf(consent),
      consent.endedBy,
      authorisation?.customer,
      authorisation?.accounts,
      authorisation?.debtor,
      authorisation?.grantId,
      authorisation?.sca,
      authorisation?.shown,
    ],
  );
}

async function rewriteConsent(tx: Queries, former: Consent, consent: Consent): Promise<void> {
  const { id, request, risk } = consent;
  await tx.query("insert into former_requests (consent, request, risk) values ($1, $2, $3)", [
    id,
    former.request,
    former.risk,
  ]);
  await tx.query("update consents set request = $2, risk = $3, request_hash = $4 where id = $1", [
    id,
    request,
    risk,
    requestHash(consent),
  ]);
}

async function record(
  tx: Queries,
  what: keyof typeof CONSENT_EVENTS,
  consent: Consent,
  by: Occasion & { readonly former?: Consent },
): Promise<void> {
  const event = consentEvent(what, consent, by);
  await writeOutbox(tx, consent.id, event);
  await writeAuditLeaf(tx, { at: by.at, subject: consent.id, value: event });
}

async function insertRevocation(tx: Queries, consent: string, at: Date): Promise<void> {
  // Without the lock a cursor could commit after a greater one that a gateway has read already, and be missed for good.
  await tx.query("select pg_advisory_xact_lock($1)", [REVOCATION_LOCK]);
  await tx.query("insert into revocations (consent, at) values ($1, $2)", [consent, at]);
}
