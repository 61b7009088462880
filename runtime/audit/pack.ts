import { canonicalJson } from "../service/canonical-json.ts";
import type { Database } from "../service/postgres.ts";
import type { Wrapping } from "../service/wrapping.ts";
import { headOf, nodeReader } from "./log.ts";
import { personalOpening } from "./personal.ts";
import { inclusionProof } from "./tree/proof.ts";

/** A leaf that is proved to be under a checkpoint. */
export interface ProvedLeaf {
  readonly index: number;
  readonly leaf: string;
  /** Inclusion proof (RFC 9162 section 2.1.3), base64. */
  readonly proof: readonly string[];
  /** Opens this leaf's personal fields: AES-256-GCM key and nonce, base64. */
  readonly opening?: { readonly key: string; readonly nonce: string };
}

/** Everything that is known of one consent or payment, for somebody who has nothing but the log's verifier key. */
export interface DisputePack {
  readonly format: "wekeza-dispute-pack/1";
  readonly subject: string;
  /** Signed note. */
  readonly checkpoint: string;
  readonly leaves: readonly ProvedLeaf[];
  /** Texts whose SHA-256 (hex) stands in a leaf: the request, the policy, the words that the customer was shown. */
  readonly texts: readonly { readonly name: string; readonly text: string }[];
  /** What the services' tables say today, beside the log: postings, states. */
  readonly records: readonly object[];
}

/** Subjects that one pack follows: a consent has many payments only when it is for recurring ones. */
const SUBJECTS = 500;

/**
 * The dispute pack of a consent or a payment: its leaves, those of the consent it was made under and of the payments made
 * under it, and what they refer to.
 *
 * @throws Error when the log has nothing of it, or a customer's key cannot be opened; KeyStoreError.
 */
export async function disputePack(
  database: Database,
  wrappings: readonly Wrapping[],
  subject: string,
): Promise<DisputePack> {
  const { frontier, note } = await headOf(database);
  const { subjects, leaves } = await leavesAbout(database, subject, frontier.size);
  if (leaves.length === 0)
    throw new Error(`The log has nothing of ${subject}; is it the id of a consent or a payment?`);
  const read = nodeReader(database);
  const proved: ProvedLeaf[] = [];
  for (const { index, leaf } of leaves) {
    const proof = await inclusionProof(index, frontier.size, read);
    const opening = await personalOpening(database, wrappings, leaf);
    proved.push({
      index,
      leaf,
      proof: proof.map((hash) => hash.toString("base64")),
      ...(opening && {
        opening: { key: opening.key.toString("base64"), nonce: opening.nonce.toString("base64") },
      }),
    });
  }
  const records = await recordsOf(database, subjects);
  const hashed = new Set(leaves.flatMap(paymentHashedIn));
  const texts = records.flatMap((record) => [...textsOf(record), ...paymentTextOf(record, hashed)]);
  return { format: "wekeza-dispute-pack/1", subject, checkpoint: note, leaves: proved, texts, records };
}

interface FoundLeaf {
  readonly index: number;
  readonly leaf: string;
}

async function leavesAbout(
  database: Database,
  subject: string,
  size: number,
): Promise<{ readonly subjects: readonly string[]; readonly leaves: readonly FoundLeaf[] }> {
  let subjects: readonly string[] = [subject];
  for (;;) {
    const { rows } = await database.query<{ index: string; leaf: string }>(
      "select index, leaf from leaf where subject = any ($1) and index < $2 order by index",
      [subjects, size],
    );
    const named = rows.flatMap(({ leaf }) => {
      const { consent, payment, cancelledBy, personal } = JSON.parse(leaf) as {
        readonly consent?: string;
        readonly payment?: string;
        readonly cancelledBy?: string;
        readonly personal?: { readonly customer: string };
      };
      // About a customer herself the log has but one leaf: that her key was destroyed.
      return [consent, payment, cancelledBy, personal?.customer].filter((each) => each !== undefined);
    });
    const wider = [...new Set([...subjects, ...named])].slice(0, SUBJECTS);
    if (wider.length === subjects.length)
      return { subjects, leaves: rows.map(({ index, leaf }) => ({ index: Number(index), leaf })) };
    subjects = wider;
  }
}

async function recordsOf(database: Database, subjects: readonly string[]): Promise<readonly object[]> {
  const { rows } = await database.query<{ record: object | null }>(
    `select coalesce(
       consent.evidence(subject) || jsonb_build_object('former', consent.former_request(subject)),
       banking.evidence(subject)
     ) as record
     from unnest($1::text[]) with ordinality as s (subject, n) order by n`,
    [subjects],
  );
  return rows.flatMap(({ record }) => record ?? []);
}

interface PaymentRecord {
  readonly payment?: string;
  readonly kind: string;
  readonly initiation: object;
  readonly instruction: object | null;
}

/** The payment that a leaf has the hash of; older leaves have none. */
function paymentHashedIn({ leaf }: FoundLeaf): readonly string[] {
  const { payment, initiationHash } = JSON.parse(leaf) as {
    readonly payment?: string;
    readonly initiationHash?: string;
  };
  return payment === undefined || initiationHash === undefined ? [] : [payment];
}

/** What a payment was to be, when a leaf has the hash of that; of an erased one nothing is left. */
function paymentTextOf(record: object, hashed: ReadonlySet<string>): DisputePack["texts"] {
  const { payment, kind, initiation, instruction } = record as PaymentRecord;
  if (payment === undefined || !hashed.has(payment) || Object.keys(initiation).length === 0) return [];
  const text = canonicalJson({ kind, initiation, instruction: instruction ?? undefined });
  return [{ name: "what was to be paid", text }];
}

interface ConsentRecord {
  readonly kind?: string;
  readonly request?: object;
  readonly risk?: object | null;
  readonly policy?: { readonly text: string };
  readonly shown?: string | null;
  /** What was asked for before a migration to another version of the standard. */
  readonly former?: Pick<ConsentRecord, "request" | "risk"> | null;
}

function textsOf(record: object): DisputePack["texts"] {
  const { kind, request, risk, policy, shown, former } = record as ConsentRecord;
  const texts = [];
  if (request !== undefined)
    texts.push({
      name: "what was asked for",
      text: canonicalJson({ kind, request, risk: risk ?? undefined }),
    });
  if (former !== undefined && former !== null)
    texts.push({
      name: "what was asked for before its migration",
      text: canonicalJson({ kind, request: former.request, risk: former.risk ?? undefined }),
    });
  if (policy !== undefined) texts.push({ name: "the policy", text: policy.text });
  if (shown !== undefined && shown !== null) texts.push({ name: "what the customer was shown", text: shown });
  return texts;
}
