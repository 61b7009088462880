import type { AdapterPayload } from "oidc-provider";
import type { Queries } from "../../service/postgres.ts";
import { digest } from "./digest.ts";

/** What outlives a login, in Postgres: grants and refresh tokens. The only place with SQL. */
export interface GrantStore {
  saveGrant(id: string, payload: AdapterPayload, seconds: number): Promise<void>;
  findGrant(id: string): Promise<AdapterPayload | undefined>;
  /** Says which consent a grant was given for. */
  bindConsent(id: string, consentId: string): Promise<void>;
  /** Ends a grant and every refresh token under it. Safe to repeat. */
  revokeGrant(id: string): Promise<void>;
  /** Ends every grant of a consent. @returns the ids of those that lived. */
  revokeConsent(consentId: string): Promise<readonly string[]>;
  saveRefreshToken(id: string, payload: AdapterPayload, seconds: number): Promise<void>;
  findRefreshToken(id: string): Promise<AdapterPayload | undefined>;
  /** True for exactly one of any number of concurrent callers. */
  consumeRefreshToken(id: string): Promise<boolean>;
  removeRefreshToken(id: string): Promise<void>;
  removeRefreshTokensOf(grantId: string): Promise<void>;
  /** Deletes up to `limit` rows of each table that have expired. @returns how many went. */
  sweep(limit: number): Promise<number>;
}

interface Row {
  readonly payload: AdapterPayload;
  readonly consumed?: number | null;
}

export function grantStore(db: Queries): GrantStore {
  const revokeGrant = async (id: string): Promise<void> => {
    await db.query(
      "with g as (delete from oauth.grants where id = $1) delete from oauth.refresh_tokens where grant_id = $1",
      [id],
    );
  };
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
    revokeGrant,
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
      let gone = 0;
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
