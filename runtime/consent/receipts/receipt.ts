import { createHash } from "node:crypto";

/** A leaf of the audit log that is proved to be under a checkpoint. */
export interface ProvedLeaf {
  readonly index: number;
  /** Canonical JSON, byte for byte what was hashed. */
  readonly leaf: string;
  /** Inclusion proof (RFC 9162 section 2.1.3), base64. */
  readonly proof: readonly string[];
}

/**
 * What happened to a consent or a payment, for somebody who has nothing else but the log's verifier key. It rests on nothing
 * that the bank keeps: not on its tables, nor on a customer's key.
 */
export interface Receipt {
  readonly format: "wekeza-receipt/1";
  /** Id of the consent or the payment. */
  readonly subject: string;
  /** Signed note (C2SP tlog-checkpoint). */
  readonly checkpoint: string;
  /** In order. */
  readonly leaves: readonly ProvedLeaf[];
  /** Texts whose SHA-256 (hex) stands in a leaf. */
  readonly texts: readonly { readonly name: TextName; readonly text: string }[];
}

/** What texts a receipt may carry, and the member of a leaf that has the hash of each. */
const HASH_OF = {
  "what was asked for": "requestHash",
  "what the customer was shown": "shownHash",
  "what was to be paid": "initiationHash",
} as const;
type TextName = keyof typeof HASH_OF;

/** What the services' tables say, which the log has to prove before it is handed out. */
export interface Told {
  readonly subject: string;
  /** How the consent stands, and the payment made under it. */
  readonly standing: readonly Standing[];
  readonly texts: Receipt["texts"];
}

/** How something stands, and since when as far as the tables know. */
export type Standing = { readonly changedAt: Date } & (
  | { readonly what: "consent"; readonly state: string }
  | { readonly what: "payment"; readonly status: string; readonly reason: string | undefined }
);

/** What the log has of it. */
export interface Logged {
  /** When the newest checkpoint was signed. */
  readonly at: Date;
  readonly checkpoint: string;
  readonly leaves: readonly ProvedLeaf[];
}

/** `Awaited`: not everything is under a checkpoint yet. `NotProved`: what the log has does not prove it, or not any more. */
export type ReceiptOutcome = Receipt | "Awaited" | "NotProved";

/** A leaf that is not in the log when it has gone on for so long, in ms, will not come: its month was dropped. */
const PATIENCE_MS = 86_400_000;

/**
 * The receipt of a consent or a payment: all of it is proved, or there is none. A text whose hash no leaf has is left out, as
 * for payments that were made before leaves had it.
 */
export function receiptOf({ subject, standing, texts }: Told, logged: Logged | undefined): ReceiptOutcome {
  if (logged === undefined) return "Awaited";
  const { checkpoint, leaves, at } = logged;
  const said = leaves.map(({ leaf }) => JSON.parse(leaf) as Said);
  const named = texts.filter(({ name }) => said.some((words) => words[HASH_OF[name]] !== undefined));
  const whole =
    standing.every((each) => saysSo(said, each)) &&
    named.every(({ name, text }) => said.some((words) => words[HASH_OF[name]] === sha256(text)));
  if (whole) return { format: "wekeza-receipt/1", subject, checkpoint, leaves, texts: named };
  const last = Math.max(...standing.map(({ changedAt }) => changedAt.getTime()));
  return at.getTime() - last > PATIENCE_MS ? "NotProved" : "Awaited";
}

/** What of a leaf is looked at. */
interface Said {
  readonly type: string;
  readonly at: string;
  readonly [member: string]: unknown;
}

/** Whether the newest leaf of something says how it stands. */
function saysSo(said: readonly Said[], standing: Standing): boolean {
  const about = said.filter(({ type }) => type.startsWith(`${standing.what}.`));
  const newest = about.at(-1);
  if (newest === undefined) return false;
  switch (standing.what) {
    case "consent":
      // Authorised once more, it is in the state it was in. A use that is given back bears the time at which that began, which
      // may be before the change that its leaf comes after.
      return (
        newest["state"] === standing.state &&
        about.some(
          ({ at, state }) => state === standing.state && Date.parse(at) >= standing.changedAt.getTime(),
        )
      );
    case "payment":
      // Its time in the tables moves with every look at it, its leaves come with its status.
      return newest["status"] === standing.status && newest["reason"] === standing.reason;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
