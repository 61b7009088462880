import { PARTNERS_CONNECTIONS } from "./config.ts";
import { PARTNER_SERVICES } from "../service/config.ts";
import { partnerRole } from "../service/partner-database.ts";

/** Services that keep data here, each in a schema of its own name. */
export const SCHEMAS = ["oauth", "consent", "banking", "events", "audit"] as const;
export type SchemaName = (typeof SCHEMAS)[number];

/** Who may log in over the network as itself. */
export const LOGIN_ROLES = [...SCHEMAS, "migrator", "seed"] as const;
export type LoginRole = (typeof LOGIN_ROLES)[number];

/** Roles for calls that come by a partner's own gateways, and the service that logs in as each, with its own certificate. */
const PARTNER_ROLES = PARTNER_SERVICES.map((service) => ({ role: partnerRole(service), service }));

/** Everybody who may log in, each with the certificate `<service>.<namespace>`. */
export const LOGINS: readonly { readonly role: string; readonly service: string }[] = [
  ...LOGIN_ROLES.map((role) => ({ role, service: role })),
  ...PARTNER_ROLES,
];

/** As which read replicas stream, all of one stack, with the certificate `<service>.<namespace>`: it may do nothing else. */
export const STANDBY = { role: "postgres_read", service: "postgres-read" } as const;

/** Who may log in on a read replica: whoever reads there. */
export const STANDBY_LOGINS = LOGINS.filter(({ role }) => role === "banking");

/** The role that owns a schema and everything in it; nobody logs in as it, the migrator takes it on. */
export function ownerOf(schema: SchemaName): string {
  return `${schema}_owner`;
}

/** Who reads and writes the rows of each schema. `seed` fills the embedded core bank with demo data. */
const WRITERS: Readonly<Record<SchemaName, readonly LoginRole[]>> = {
  oauth: ["oauth"],
  consent: ["consent"],
  banking: ["banking", "seed"],
  events: ["events"],
  audit: ["audit"],
};

/** What writers may do with rows they were not told about one by one. Evidence is only ever added to. */
const RIGHTS: Readonly<Partial<Record<SchemaName, string>>> = { audit: "select, insert" };

/** The roles that write a schema's rows, for a grant. */
export function writersOf(schema: SchemaName): string {
  return WRITERS[schema].join(", ");
}

/** Statements that bring the server's roles about; run as superuser in any database, safe to repeat. */
export function roleStatements(): readonly string[] {
  const owners = SCHEMAS.map(ownerOf);
  const logins = LOGINS.map(({ role }) => role);
  return [
    ...owners.map((role) => createRole(role, "nologin noinherit")),
    ...logins.map((role) => createRole(role, "login noinherit")),
    ...[...owners, ...logins].map(
      (role) => `alter role ${role} nosuperuser nocreatedb nocreaterole noreplication nobypassrls`,
    ),
    createRole(STANDBY.role, "login noinherit"),
    `alter role ${STANDBY.role} nosuperuser nocreatedb nocreaterole replication nobypassrls`,
    ...owners.map((owner) => `grant ${owner} to migrator`),
    ...PARTNER_ROLES.map(({ role }) => `alter role ${role} connection limit ${PARTNERS_CONNECTIONS}`),
  ];
}

/** Statements that bring schemas and rights about; run as superuser in the services' database, safe to repeat. */
export function grantStatements(database: string): readonly string[] {
  return [
    `revoke all on database "${database}" from public`,
    `grant connect on database "${database}" to ${LOGINS.map(({ role }) => role).join(", ")}`,
    "revoke all on schema public from public",
    ...SCHEMAS.flatMap(schemaStatements),
    ...LOGIN_ROLES.map(
      (role) => `alter role ${role} in database "${database}" set search_path = ${pathOf(role)}`,
    ),
    // What the server says of a value that it cannot take quotes the value. Whoever sent it logs the error, without that.
    ...LOGINS.map(({ role }) => `alter role ${role} in database "${database}" set log_min_messages = 'log'`),
  ];
}

function schemaStatements(schema: SchemaName): readonly string[] {
  const owner = ownerOf(schema);
  const writers = writersOf(schema);
  const future = `alter default privileges for role ${owner} in schema ${schema}`;
  return [
    `create schema if not exists ${schema} authorization ${owner}`,
    `grant usage on schema ${schema} to ${writers}`,
    `${future} grant ${RIGHTS[schema] ?? "select, insert, update, delete"} on tables to ${writers}`,
    `${future} grant usage on sequences to ${writers}`,
    // Not "in schema": what everybody may do by default can only be taken away for the role as a whole.
    `alter default privileges for role ${owner} revoke execute on functions from public`,
    `${future} grant execute on functions to ${writers}`,
  ];
}

function pathOf(role: LoginRole): string {
  if (role === "seed") return "banking";
  return role === "migrator" ? "''" : role;
}

function createRole(name: string, attributes: string): string {
  return `do $$ begin create role ${name} ${attributes}; exception when duplicate_object then null; end $$`;
}
