import { Client, type ClientBase } from "pg";
import { OTHER_CUSTOMERS } from "./rows/banking.ts";

/** A database that may not be filled; the message says what to do. */
export class FillRefused extends Error {
  override readonly name = "FillRefused";
}

/**
 * Connects to a database that somebody named.
 *
 * @param url of a superuser: filling leaves triggers out.
 * @param beside whether customers of others may be there.
 * @throws FillRefused when it has no schemas of ours, is filled already, or serves others.
 */
export async function loginToFill(url: string, beside: boolean): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await check(client, beside);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function check(client: ClientBase, beside: boolean): Promise<void> {
  const { rows: found } = await client.query<{ is_super: boolean; missing: boolean }>(
    "select usesuper as is_super, to_regclass('banking.customers') is null as missing from pg_user where usename = current_user",
  );
  if (found[0]?.is_super !== true)
    throw new FillRefused(
      "Only a superuser can fill a database: connect as one, such as by the local socket.",
    );
  if (found[0].missing)
    throw new FillRefused(
      "There is no table banking.customers: migrate the database first. Nothing was written.",
    );
  const { rows } = await client.query<{ ours: number; others: number }>(OTHER_CUSTOMERS);
  const { ours = 0, others = 0 } = rows[0] ?? {};
  if (ours > 0)
    throw new FillRefused(
      `${ours} customers were made up here before: use another database. Nothing was written.`,
    );
  if (others > 0 && !beside)
    throw new FillRefused(
      `The database serves ${others} customers who were not made up here. To put others beside them, say --beside-others. Nothing was written.`,
    );
}
