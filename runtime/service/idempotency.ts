import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";
import { ObukError } from "./obuk-error.ts";
import { sqlStateOf, type Queries } from "./postgres.ts";

/** The header that makes a request the same as an earlier one. */
export const IDEMPOTENCY_KEY = "x-idempotency-key";

/** How long a key is remembered, in ms. Source: Open Banking UK 4.0 read-write profile, idempotency. */
export const KEY_MS = 86_400_000;

/** Longest key. Source: the same. */
const LONGEST = 40;

/** A request that must take effect once. */
export interface Claim {
  readonly clientId: string;
  /** Address without query: the same key elsewhere is another. */
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
  /** Id of the resource it makes, if it is the first. */
  readonly resource: string;
  readonly at: Date;
}

/** `Repeated`: the request was answered before, by that resource, and has to be answered again as it stands now. */
export type Claimed =
  | { readonly outcome: "New" }
  | { readonly outcome: "Repeated"; readonly resource: string };

/**
 * The key of a request.
 *
 * @throws ObukError 400 when there is none or it is too long.
 */
export function idempotencyKey(header: unknown): string {
  if (typeof header !== "string" || header.trim() === "") {
    const message = `${IDEMPOTENCY_KEY} is missing: send a value of your own that is new for each request.`;
    throw new ObukError(400, { reason: "HeaderMissing", message, path: IDEMPOTENCY_KEY });
  }
  if (header.length > LONGEST) {
    const message = `${IDEMPOTENCY_KEY} has ${header.length} characters; ${LONGEST} are allowed.`;
    throw new ObukError(400, { reason: "HeaderInvalid", message, path: IDEMPOTENCY_KEY });
  }
  return header;
}

/**
 * Claims a key for a request, in the service's own `idempotency_keys` table.
 *
 * While another transaction has claimed it, this one waits for that to end; whoever comes second learns of the first
 * one's resource.
 *
 * @param tx the transaction that makes the resource, so that there is neither one without the other.
 * @throws ObukError 400 when the key came with another body before, 409 when the first request takes too long.
 */
export async function claimKey(tx: Queries, claim: Claim): Promise<Claimed> {
  const { clientId, path, key, body, resource, at } = claim;
  const digest = createHash("sha256").update(canonicalJson(body)).digest();
  const values = [clientId, path, key, digest, resource, at, new Date(at.getTime() + KEY_MS)];
  const { count } = await whenFree(
    tx.query(
      `insert into idempotency_keys (client_id, path, key, body_hash, resource, claimed_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (client_id, path, key) do update
         set body_hash = excluded.body_hash, resource = excluded.resource,
             claimed_at = excluded.claimed_at, expires_at = excluded.expires_at
         where idempotency_keys.expires_at <= excluded.claimed_at`,
      values,
    ),
  );
  if (count > 0) return { outcome: "New" };
  const { rows } = await tx.query<{ readonly body_hash: Buffer; readonly resource: string }>(
    "select body_hash, resource from idempotency_keys where client_id = $1 and path = $2 and key = $3",
    [clientId, path, key],
  );
  const [first] = rows;
  if (first === undefined || !first.body_hash.equals(digest)) {
    const message = `${IDEMPOTENCY_KEY} was used for another request; take a new one.`;
    throw new ObukError(400, { reason: "HeaderInvalid", message, path: IDEMPOTENCY_KEY });
  }
  return { outcome: "Repeated", resource: first.resource };
}

/** Lets go of a key in the transaction that claimed it: the request was refused and may be sent again. */
export async function releaseKey(tx: Queries, { clientId, path, key }: Claim): Promise<void> {
  await tx.query("delete from idempotency_keys where client_id = $1 and path = $2 and key = $3", [
    clientId,
    path,
    key,
  ]);
}

/** SQLSTATE 55P03 lock_not_available: the wait for the first request was cut. */
async function whenFree<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    if (sqlStateOf(error) !== "55P03") throw error;
    const message = `A request with this ${IDEMPOTENCY_KEY} is still under way; try again in a second.`;
    throw new ObukError(409, { reason: "Other", message, path: IDEMPOTENCY_KEY }, { cause: error });
  }
}

/** Forgets keys whose time is over. @returns how many. */
export async function forgetKeys(queries: Queries, now: Date): Promise<number> {
  const { count } = await queries.query("delete from idempotency_keys where expires_at <= $1", [now]);
  return count;
}
