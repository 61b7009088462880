import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";
import { ObukError } from "./obuk-error.ts";
import { sqlStateOf, type Queries } from "./postgres.ts";
import { isStorable } from "./storable.ts";

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
  const values = [clientId, path, key, hashOf(body), resource, at, new Date(at.getTime() + KEY_MS)];
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
  const first = await firstUse(tx, claim);
  return { outcome: "Repeated", resource: sameOf(first, claim) };
}

/**
 * The resource that the same request made before; undefined when its key is free. To be asked before anything else is: what
 * a request was answered does not change because its date is past by now, or what it was about stands otherwise.
 *
 * @throws ObukError 400 when the key came with another body before.
 */
export async function madeBefore(
  queries: Queries,
  claim: Omit<Claim, "resource">,
): Promise<string | undefined> {
  const first = await firstUse(queries, claim);
  return first === undefined || first.expires_at <= claim.at ? undefined : sameOf(first, claim);
}

interface FirstUse {
  readonly body_hash: Buffer;
  readonly resource: string;
  readonly expires_at: Date;
}

async function firstUse(
  queries: Queries,
  { clientId, path, key }: Pick<Claim, "clientId" | "path" | "key">,
): Promise<FirstUse | undefined> {
  const { rows } = await queries.query<FirstUse>(
    "select body_hash, resource, expires_at from idempotency_keys where client_id = $1 and path = $2 and key = $3",
    [clientId, path, key],
  );
  return rows[0];
}

function sameOf(first: FirstUse | undefined, { body }: Pick<Claim, "body">): string {
  // What cannot be kept was never claimed, and has no hash.
  if (first !== undefined && isStorable(body) && first.body_hash.equals(hashOf(body))) return first.resource;
  const message = `${IDEMPOTENCY_KEY} was used for another request; take a new one.`;
  throw new ObukError(400, { reason: "HeaderInvalid", message, path: IDEMPOTENCY_KEY });
}

function hashOf(body: unknown): Buffer {
  return createHash("sha256")
    .update(canonicalJson(body ?? null))
    .digest();
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

/** Keys that one statement forgets at most. */
const FORGOTTEN_AT_ONCE = 100;

/**
 * Forgets keys whose time is over, the oldest first and some at a time. Several replicas may do so at once.
 *
 * So few, and said in the statement, that any plan walks along the index of their ends: one for any time takes a third of
 * the table for over, and without a number it knows reads all of it.
 *
 * @returns how many.
 */
export async function forgetKeys(queries: Queries, now: Date): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const { count } = await queries.query(
      `delete from idempotency_keys where ctid = any (array(
         select ctid from idempotency_keys where expires_at <= $1
         order by expires_at limit ${FORGOTTEN_AT_ONCE} for update skip locked
       ))`,
      [now],
    );
    forgotten += count;
    if (count < FORGOTTEN_AT_ONCE) return forgotten;
  }
}
