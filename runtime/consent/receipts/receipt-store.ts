import { canonicalJson } from "../../service/canonical-json.ts";
import type { Queries } from "../../service/postgres.ts";
import { type Consent, isPayment } from "../consent.ts";
import { consentOfRow, type ConsentRow } from "../row.ts";
import { type Logged, receiptOf, type ReceiptOutcome, type Told } from "./receipt.ts";

/** Who asks: a partner or a customer, each for what is its own. */
export type Reader = { readonly client: string } | { readonly customer: string };

/**
 * The receipt of a consent, or of a payment made under one.
 *
 * @param id of the consent, which brings the one payment along that consumed it, or of the payment.
 * @returns undefined when there is none of that id that is the reader's, or it was erased: both are answered alike.
 */
export async function receiptFor(
  queries: Queries,
  id: string,
  reader: Reader,
): Promise<ReceiptOutcome | undefined> {
  const found = (await consentWith(queries, id)) ?? (await consentOfPayment(queries, id));
  if (found === undefined || found.consent.erasedAt !== undefined) return undefined;
  const { consent, payment } = found;
  const own =
    "client" in reader
      ? consent.clientId === reader.client
      : consent.authorisation?.customer === reader.customer;
  if (!own) return undefined;
  const parts = [
    ...(consent.id === id ? [consentTold(consent, reader)] : []),
    ...(payment === undefined ? [] : await paymentTold(queries, payment)),
  ];
  if (parts.length === 0) return undefined;
  const told: Told = {
    subject: id,
    standing: parts.flatMap(({ standing }) => standing),
    texts: parts.flatMap(({ texts }) => texts),
  };
  return receiptOf(told, await loggedOf(queries, [id, ...(payment === undefined ? [] : [payment])]));
}

interface Found {
  readonly consent: Consent;
  /** The payment asked for, or the one that consumed the consent asked for. */
  readonly payment: string | undefined;
}

/** What is told of the consent, or of the payment. */
type Part = Omit<Told, "subject">;

async function consentWith(queries: Queries, id: string): Promise<Found | undefined> {
  const { rows } = await queries.query<ConsentRow>("select * from consents where id = $1", [id]);
  const consent = rows[0] && consentOfRow(rows[0]);
  if (consent === undefined || !isPayment(consent.kind)) return consent && { consent, payment: undefined };
  const used = await queries.query<{ payment: string }>(
    "select payment from uses where consent = $1 limit 1",
    [id],
  );
  return { consent, payment: used.rows[0]?.payment };
}

async function consentOfPayment(queries: Queries, payment: string): Promise<Found | undefined> {
  const { rows } = await queries.query<ConsentRow>(
    "select c.* from uses u join consents c on c.id = u.consent where u.payment = $1",
    [payment],
  );
  return rows[0] && { consent: consentOfRow(rows[0]), payment };
}

/** What of a consent its reader knows: the words that the customer was shown name her accounts, and are hers. */
function consentTold(consent: Consent, reader: Reader): Part {
  const { kind, request, risk, state, stateUpdatedAt, authorisation } = consent;
  const shown = "customer" in reader ? authorisation?.shown : undefined;
  return {
    standing: [{ what: "consent", state, changedAt: stateUpdatedAt }],
    texts: [
      { name: "what was asked for", text: canonicalJson({ kind, request, risk }) },
      ...(shown === undefined ? [] : [{ name: "what the customer was shown" as const, text: shown }]),
    ],
  };
}

/** Nothing of an erased one. */
async function paymentTold(queries: Queries, payment: string): Promise<readonly Part[]> {
  const { rows } = await queries.query<AskedRow>(
    "select kind, initiation, instruction, status, reason, status_at from banking.asked_of($1)",
    [payment],
  );
  return rows.map(({ kind, initiation, instruction, status, reason, status_at: changedAt }) => {
    const text = canonicalJson({ kind, initiation, instruction: instruction ?? undefined });
    return {
      standing: [{ what: "payment", status, reason: reason ?? undefined, changedAt }],
      texts: [{ name: "what was to be paid", text }],
    };
  });
}

interface AskedRow {
  readonly kind: string;
  readonly initiation: object;
  readonly instruction: object | null;
  readonly status: string;
  readonly reason: string | null;
  readonly status_at: Date;
}

async function loggedOf(queries: Queries, subjects: readonly string[]): Promise<Logged | undefined> {
  const { rows } = await queries.query<{
    readonly logged: (Omit<Logged, "at"> & { readonly at: string }) | null;
  }>("select audit.receipt_of($1) as logged", [subjects]);
  const logged = rows[0]?.logged ?? undefined;
  return logged && { ...logged, at: new Date(logged.at) };
}
