/** How much of everything is made; the rest follows from these. */
export interface Size {
  readonly customers: number;
  readonly consents: number;
  /** On the first account of every customer. */
  readonly entries: number;
}

/** One table's rows. */
export interface Fill {
  /** With its schema. */
  readonly table: string;
  /** One statement that makes all of them. `$1`: now. */
  readonly sql: string;
}

/** Partners that the consents are spread over. */
export const CLIENTS = 50;
/** Customers with far more of everything than the others: a budget that holds for the mean says nothing of them. */
export const BUSY = 10;
/** Entries on the first account of a busy customer. */
export const BUSY_ENTRIES = 1_000;

/** Name of the nth customer; no other may begin like this. */
export const CUSTOMER_PREFIX = "scale-cus-";

/** SQL of the id of a customer, by its number. */
export function customerOf(number: string): string {
  return `'${CUSTOMER_PREFIX}' || ${number}`;
}

/** SQL of the id of a customer's account: 1 is the current one, 2 holds savings. */
export function accountOf(number: string, nth: 1 | 2 = 1): string {
  return `'scale-acc-' || ${number} || '-${nth}'`;
}

/** SQL of the id of the nth consent. */
export function consentOf(number: string): string {
  return `'scale-con-' || ${number}`;
}

/** SQL of the partner of the nth consent. */
export function clientOf(number: string): string {
  return `'scale-ptn-' || ${number} % ${CLIENTS}`;
}

/** SQL of whose the nth consent is: one in 97 belongs to a busy customer. */
export function ownerOf(number: string, { customers }: Size): string {
  return `case when ${number} % 97 = 0 then 1 + (${number} / 970) % ${BUSY} else 1 + ${number} % ${customers} end`;
}

/** SQL of when the nth consent was asked for: over the year that ends now, in order of their numbers. */
export function askedAt(number: string, { consents }: Size): string {
  return `$1::timestamptz - (${consents} - ${number}) * interval '365 days' / ${consents}`;
}

/** SQL of a time of the day that ends now. In no order: rows of a table that is emptied as it fills lie where there was room. */
export function lastDay(number: string): string {
  return `$1::timestamptz - (${number} * 7919::bigint % 86000) * interval '1 second'`;
}

/** SQL of a UUID made of a word and a number, the same each time. */
export function uuidOf(word: string, number: string): string {
  return `md5('${word}' || ${number})::uuid`;
}
