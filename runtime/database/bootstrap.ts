import pg from "pg";
import { connected } from "./connect.ts";
import { grantStatements, roleStatements } from "./roles.ts";
import { SUPERUSER } from "./settings.ts";

/** Where the superuser connects: the local socket. */
export interface LocalSocket {
  /** Folder of the socket. */
  readonly folder: string;
  readonly port: number;
}

/** Whether the server answers a query now. */
export async function answers(socket: LocalSocket, database = "postgres"): Promise<boolean> {
  try {
    await asSuperuser(socket, database, (client) => client.query("select 1"));
    return true;
  } catch {
    return false;
  }
}

/** Brings the services' database, roles, schemas and rights to what this version says. Safe to repeat. */
export async function bootstrap(socket: LocalSocket, database: string): Promise<void> {
  await asSuperuser(socket, "postgres", async (client) => {
    for (const statement of roleStatements()) await client.query(statement);
    const found = await client.query("select 1 from pg_database where datname = $1", [database]);
    if (found.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(database)}`);
    await client.query("revoke all on database postgres, template1 from public");
  });
  await asSuperuser(socket, database, async (client) => {
    await client.query("begin");
    for (const statement of grantStatements(database)) await client.query(statement);
    await client.query("commit");
  });
}

/** Runs something as superuser over the local socket. */
export function asSuperuser<T>(
  { folder, port }: LocalSocket,
  database: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return connected({ host: folder, port, user: SUPERUSER, database }, use);
}
