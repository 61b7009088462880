import { createHash } from "node:crypto";

/** Schemas whose outboxes are emptied into the log. */
export const SOURCES = ["consent", "banking"] as const;
export type Source = (typeof SOURCES)[number];

/** What a service wrote into its outbox, as the relay takes it out. */
export interface OutboxRow {
  readonly source: Source;
  /** Number within its outbox. */
  readonly number: string;
  readonly at: Date;
  /** Such as `consent.withdrawn`. */
  readonly type: string;
  /** Id of what it happened to. */
  readonly subject: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** One thing that happened, as the log keeps it. */
export interface LoggedEvent extends Omit<OutboxRow, "number" | "source"> {
  /** UUID; the same wherever and however often it is told. */
  readonly id: string;
  readonly source: string;
  /** Place in the log; grows. */
  readonly position: string;
}

/**
 * The id of an event, made of nothing but the event: whatever is relayed twice, by whatever process or after a failover,
 * has the same. A UUID of version 8 (RFC 9562 section 5.8) over a SHA-256, so that it tells nobody how many there are.
 */
export function eventId(group: string, { source, number, at, type, subject }: OutboxRow): string {
  const words = JSON.stringify([group, source, number, at.toISOString(), type, subject]);
  const bytes = createHash("sha256").update(words).digest().subarray(0, 16);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x80;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
