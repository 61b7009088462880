import type { Queries } from "../../service/postgres.ts";

/** An event as a service would put it into its outbox. */
export interface Written {
  readonly type?: string;
  readonly subject?: string;
  readonly at?: Date;
  readonly payload?: object;
}

/** The partner that the tests' events are for. */
export const CLIENT = "ptn-0000000000000001";
export const OTHER_CLIENT = "ptn-0000000000000002";
export const NOON = new Date("2026-11-22T12:00:00.000Z");

/** Puts events into the consent service's outbox; `consent` is logged in as that service. */
export async function write(consent: Queries, events: readonly Written[]): Promise<void> {
  for (const { type = "consent.withdrawn", subject = "aac-1", at = NOON, payload } of events) {
    await consent.query("insert into outbox (at, type, subject, payload) values ($1, $2, $3, $4)", [
      at,
      type,
      subject,
      payload ?? { client: CLIENT },
    ]);
  }
}
