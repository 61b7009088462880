import { PERSONAL } from "../service/audit-leaf.ts";
import { canonicalJson } from "../service/canonical-json.ts";
import { open, openingOf, type KeyPair } from "../service/hpke.ts";
import type { Database, Queries } from "../service/postgres.ts";
import { writeAuditLeaf } from "../service/audit-leaf.ts";
import { SUBJECT_KEY } from "../service/subject-key.ts";
import type { Wrapping, WrappingKey } from "../service/wrapping.ts";

/** Makes known which key customers' keys are to be sealed to. Safe to repeat. */
export async function announceWrappingKey(
  queries: Queries,
  { name, spki }: WrappingKey,
  at: Date,
): Promise<void> {
  await queries.query(
    "insert into wrapping_key (public, spki, since) values ($1, $2, $3) on conflict do nothing",
    [name, spki ?? null, at],
  );
}

/** A leaf with personal fields, as `writeAuditLeaf` makes it. */
interface SealedLeaf {
  readonly personal?: { readonly customer: string; readonly sealed?: string };
}

/**
 * Reads the personal fields of a leaf.
 *
 * @param wrappings of which one opens the customer's key: the one that it was sealed to.
 * @param leaf canonical JSON.
 * @returns undefined when it has none, or when the customer's key was shredded.
 * @throws Error when none of them is that one, or the fields are not those of this leaf; KeyStoreError.
 */
export async function personalFields(
  queries: Queries,
  wrappings: readonly Wrapping[],
  leaf: string,
): Promise<object | undefined> {
  const { personal, ...rest } = JSON.parse(leaf) as SealedLeaf;
  const own = await subjectKeyOf(queries, wrappings, personal);
  if (own === undefined || personal?.sealed === undefined) return undefined;
  const aad = canonicalJson({ ...rest, personal: { customer: personal.customer } });
  return JSON.parse(
    open(own, Buffer.from(personal.sealed, "base64url"), { info: PERSONAL, aad }).toString(),
  ) as object;
}

/** What opens the personal fields of one leaf and of no other, to hand out; undefined as for {@link personalFields}. */
export async function personalOpening(
  queries: Queries,
  wrappings: readonly Wrapping[],
  leaf: string,
): Promise<{ readonly key: Buffer; readonly nonce: Buffer } | undefined> {
  const { personal } = JSON.parse(leaf) as SealedLeaf;
  const own = await subjectKeyOf(queries, wrappings, personal);
  if (own === undefined || personal?.sealed === undefined) return undefined;
  return openingOf(own, Buffer.from(personal.sealed, "base64url"), PERSONAL);
}

async function subjectKeyOf(
  queries: Queries,
  wrappings: readonly Wrapping[],
  personal: SealedLeaf["personal"],
): Promise<KeyPair | undefined> {
  if (personal?.sealed === undefined) return undefined;
  const { customer } = personal;
  const { rows } = await queries.query<{ public: Buffer; sealed: Buffer | null; wrapping: Buffer }>(
    "select public, sealed, wrapping from subject_key where customer = $1",
    [customer],
  );
  const [key] = rows;
  if (key === undefined || key.sealed === null) return undefined;
  const wrapping = wrappings.find(({ name }) => name.equals(key.wrapping));
  if (wrapping === undefined)
    throw new Error(
      `A customer's key is sealed to the wrapping key ${key.wrapping.toString("hex")}, which is not here: put it back into the ` +
        "Secret audit-wrapping-key, or lower min_decryption_version of the key in the key store.",
    );
  return {
    publicKey: key.public,
    privateKey: await wrapping.open(key.sealed, { info: SUBJECT_KEY, aad: customer }),
  };
}

/**
 * Makes all personal fields of a customer's leaves unreadable for ever, and says so in the log; no leaf changes.
 *
 * @returns false when there was no key, or none any more.
 */
export function shred(database: Database, customer: string, at: Date): Promise<boolean> {
  return database.transaction((tx) => shredIn(tx, customer, at));
}

/**
 * Does the same for the next customer of whom the consent service says that nothing is kept any more: that is written down
 * there, and the key destroyed here, or neither.
 *
 * @returns her id; undefined when there is nobody.
 */
export function shredNext(database: Database, at: Date): Promise<string | undefined> {
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ customer: string | null }>(
      "select consent.shred_next($1) as customer",
      [at],
    );
    const customer = rows[0]?.customer ?? undefined;
    if (customer !== undefined) await shredIn(tx, customer, at);
    return customer;
  });
}

async function shredIn(tx: Queries, customer: string, at: Date): Promise<boolean> {
  const { rows } = await tx.query<{ shredded: boolean }>("select shred_subject_key($1, $2) as shredded", [
    customer,
    at,
  ]);
  if (rows[0]?.shredded !== true) return false;
  await writeAuditLeaf(tx, {
    at,
    subject: customer,
    value: { type: "audit.shredded", at: at.toISOString(), customer },
  });
  return true;
}
