import type { AdapterPayload } from "oidc-provider";
import type { EndedGrants } from "../../service/ended-grants.ts";
import type { Database } from "../../service/postgres.ts";
import { digest } from "./digest.ts";

/** What outlives a login, in Postgres: grants and refresh tokens. The only place with SQL. */
export interface GrantStore {
  saveGrant(id: string, payload: AdapterPayload, seconds: number): Promise<void>;
  findGrant(id: string): Promise<AdapterPayload | undefined>;
  /** Says which consent a grant was given for. */
  bindConsent(id: string, consentId: string): Promise<void>;
  /**
   * Ends a grant and every refresh token under it, and notes that for gateways, which then refuse its access tokens.
   * Safe to repeat.
   *
   * @returns whether it lived.
   */
  revokeGrant(id: string): Promise<boolean>;
  /** Grants that ended before their consent after a cursor, in order. Without one: the newest, and where to go on. */
  endedGrants(since: string | undefined): Promise<EndedGrants>;
  /** Ends every grant of a consent. @returns the ids of those that lived. */
  revokeConsent(consentId: string): Promise<readonly string[]>;
  saveRefreshToken(id: string, payload: AdapterPayload, seconds: number): Promise<void>;
  findRefreshToken(id: string): Promise<AdapterPayload | undefined>;
  /** True for exactly one of any number of concurrent callers. */
  consumeRefreshToken(id: string): Promise<boolean>;
  removeRefreshToken(id: string): Promise<void>;
  removeRefreshTokensOf(grantId: string): Promise<void>;
  /** Deletes up to `limit` rows of each table that have expired, or of notes that are old. @returns how many went. */
  sweep(limit: number): Promise<number>;
}

interface Row {
  readonly payload: AdapterPayload;
  readonly consumed?: number | null;
}

/** Ended grants in one answer; whoever gets as many asks again at once. */
const ENDED_LIMIT = 10_000;
/** Their notes are kept for twice as long as an access token lives at most: 900 s. */
const NOTES_SECONDS = 1_800;
/** Advisory lock of the notes; the number means nothing. */
const ENDED_LOCK = 4_417_905;

export function grantStore(db: Pick<Database, "query" | "transaction">): GrantStore {
  return {
    async saveGrant(id, payload, seconds) {
      await db.query(
        `insert into oauth.grants (id, client_id, customer, payload, expires_at)
         values ($1, $2, $3, $4, now() + make_interval(secs => $5))
         on conflict (id) do update set payload = excluded.payload, expires_at = excluded.expires_at`,
        [id, payload.clientId, payload.accountId, JSON.stringify(payload), seconds],
      );
    },
    async findGrant(id) {
      const { rows } = await db.query<Row>("select payload from oauth.grants where id = $1", [id]);
      return rows[0]?.payload;
    },
    async bindConsent(id, consentId) {
      await db.query("update oauth.grants set consent_id = $2 where id = $1", [id, consentId]);
    },
    revokeGrant: (id) =>
      db.transaction(async (tx) => {
        await tx.query("delete from oauth.refresh_tokens where grant_id = $1", [id]);
        const { count } = await tx.query("delete from oauth.grants where id = $1", [id]);
        if (count === 0) return false;
        // Without the lock a cursor could commit after a greater one that a gateway has read already, and be missed for good.
        await tx.query("select pg_advisory_xact_lock($1)", [ENDED_LOCK]);
        await tx.query("insert into oauth.ended_grants (grant_id) values ($1)", [id]);
        return true;
      }),
    async endedGrants(since) {
      const { rows } = await db.query<{ cursor: string; grant: string }>(
        since === undefined
          ? `select cursor, grant_id as grant from oauth.ended_grants order by cursor desc limit ${ENDED_LIMIT}`
          : `select cursor, grant_id as grant from oauth.ended_grants where cursor > $1 order by cursor limit ${ENDED_LIMIT}`,
        since === undefined ? [] : [since],
      );
      const inOrder = since === undefined ? rows.toReversed() : rows;
      return { cursor: inOrder.at(-1)?.cursor ?? since ?? "0", grants: inOrder.map(({ grant }) => grant) };
    },
    async revokeConsent(consentId) {
      const { rows } = await db.query<{ id: string }>(
        `with gone as (delete from oauth.grants where consent_id = $1 returning id),
              tokens as (delete from oauth.refresh_tokens where grant_id in (select id from gone))
         select id from gone`,
        [consentId],
      );
      return rows.map(({ id }) => id);
    },
    async saveRefreshToken(id, payload, seconds) {
      const { jti: _secret, ...stored } = payload;
      await db.query(
        `insert into oauth.refresh_tokens (digest, grant_id, payload, expires_at)
         values ($1, $2, $3, now() + make_interval(secs => $4))
         on conflict (digest) do update set payload = excluded.payload, expires_at = excluded.expires_at`,
        [digest(id), payload.grantId, JSON.stringify(stored), seconds],
      );
    },
    async findRefreshToken(id) {
      const { rows } = await db.query<Row>(
        `select payload, extract(epoch from consumed_at)::float8 as consumed
         from oauth.refresh_tokens where digest = $1`,
        [digest(id)],
      );
      const row = rows[0];
      if (row === undefined) return undefined;
      const { consumed } = row;
      return { ...row.payload, jti: id, ...(typeof consumed === "number" ? { consumed } : {}) };
    },
    async consumeRefreshToken(id) {
      const { count } = await db.query(
        "update oauth.refresh_tokens set consumed_at = now() where digest = $1 and consumed_at is null",
        [digest(id)],
      );
      return count === 1;
    },
    async removeRefreshToken(id) {
      await db.query("delete from oauth.refresh_tokens where digest = $1", [digest(id)]);
    },
    async removeRefreshTokensOf(grantId) {
      await db.query("delete from oauth.refresh_tokens where grant_id = $1", [grantId]);
    },
    async sweep(limit) {
      const notes = await db.query(
        `delete from oauth.ended_grants where cursor = any (array(
           select cursor from oauth.ended_grants where at < now() - make_interval(secs => ${NOTES_SECONDS}) order by at limit $1
         ))`,
        [limit],
      );
      let gone = notes.count;
      for (const [table, key] of [
        ["grants", "id"],
        ["refresh_tokens", "digest"],
      ]) {
        const { count } = await db.query(
          `delete from oauth.${table} where ${key} = any (array(
             select ${key} from oauth.${table} where expires_at < now() order by expires_at limit $1 for update skip locked
           ))`,
          [limit],
        );
        gone += count;
      }
      return gone;
    },
  };
}
