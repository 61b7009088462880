import { asRole } from "../../database/testing/stack-database.ts";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { newKeyPair } from "../../service/hpke.ts";
import { createLog, type Log } from "../../service/logger.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { carryOutErasures, type EraserOptions } from "../privacy/carry-out.ts";
import { type Options, runCommand } from "../privacy/commands.ts";
import { OURS, startConsents, type TestConsents, yesTo } from "./consent-service.ts";
import { NOON } from "./consents.ts";
import { REQUESTS } from "./requests.ts";

type Row = Readonly<Record<string, unknown>>;

/** A running consent service with customers, what they wish, and the person of the bank who answers. */
export interface PrivacyDesk {
  readonly world: TestConsents;
  readonly now: () => Date;
  setClock(at: Date): void;
  /** A customer whom no other test knows. */
  somebody(): string;
  /** A consent that a customer gave. */
  given(customer: string, kind?: ConsentKind): Promise<string>;
  /** Takes a consent to account access back. */
  taken(consent: string): Promise<unknown>;
  /** A payment that came of a consent, as the bank's books have it. */
  paid(consent: string, customer: string, at: Date): Promise<string>;
  /** What a customer asks on her own pages. */
  wish(customer: string, kind: string): Promise<{ readonly status: number; readonly body: unknown }>;
  /** What a person of the bank does. */
  command(words: readonly string[], options?: Options): Promise<object>;
  eraser(log?: Log): EraserOptions;
  /** Carries on until nothing is due: what ends first goes with the next look. */
  erasuresCarriedOut(): Promise<void>;
  rowsOf(sql: string, values?: unknown[]): Promise<readonly Row[]>;
  leavesOf(subject: string): Promise<readonly Row[]>;
  /** The request of a customer who made one. */
  requestOf(customer: string): Promise<Row>;
  stop(): Promise<void>;
}

/** Starts it on a database of its own. */
export async function openPrivacyDesk(): Promise<PrivacyDesk> {
  const world = await startConsents();
  // As the audit service does when it starts: without it nothing personal is written into a leaf.
  await asRole(world.stack, "audit", (query) =>
    query("insert into wrapping_key (public, since) values ($1, $2)", [newKeyPair().publicKey, NOON]),
  );
  let now = world.at(NOON);
  let serial = 0;
  const newId = (prefix: string): string => `${prefix}-by-hand-${(serial += 1)}`;
  const silent = createLog("consent", { level: "silent" });
  const rowsOf: PrivacyDesk["rowsOf"] = (sql, values = []) =>
    asRole(world.stack, "consent", (query) => query(sql, values));
  const eraser: PrivacyDesk["eraser"] = (log = silent) => ({ ...world, clock: () => now, log });
  return {
    world,
    now: () => now,
    setClock: (at) => void (now = world.at(at)),
    somebody: () => `cus-${(serial += 1)}`,
    async given(customer, kind = "account-access") {
      const id = await world.asked(OURS, kind);
      const said = yesTo(kind, REQUESTS[kind].Data as Record<string, unknown>);
      const sca = { ...said.sca, at: now.toISOString() };
      const yes = { ...said, sca, customer, grantId: `g-${id}` };
      const { status } = await world.asService("POST", `/internal/consents/${id}/authorise`, yes);
      if (status !== 200) throw new Error(`The consent was not given: ${status}.`);
      return id;
    },
    taken: (id) => world.asPartner("DELETE", `${rulesOf("account-access").path}/${id}`),
    paid: (consent, customer, at) => paid(world, { payment: `pay-${(serial += 1)}`, consent, customer, at }),
    wish: (customer, kind) => world.asService("POST", `/internal/customers/${customer}/privacy`, { kind }),
    command: (words, options = {}) =>
      runCommand(words, { by: "j.mwangi", ...options }, { database: world.database, now, newId }),
    eraser,
    async erasuresCarriedOut() {
      while ((await carryOutErasures(eraser())) > 0);
    },
    rowsOf,
    leavesOf: async (subject) =>
      (await rowsOf("select leaf from audit_leaf where subject = $1 order by id", [subject])).map(
        ({ leaf }) => JSON.parse(String(leaf)) as Row,
      ),
    requestOf: async (customer) =>
      (await rowsOf("select * from privacy_requests where customer = $1", [customer]))[0] ?? {},
    stop: () => world.stop(),
  };
}

async function paid(
  world: TestConsents,
  {
    payment,
    consent,
    customer,
    at,
  }: { readonly payment: string; readonly consent: string; readonly customer: string; readonly at: Date },
): Promise<string> {
  const account = `acc-${payment}`;
  await asRole(world.stack, "seed", async (query) => {
    await query(
      "insert into customers (id, name, created_at) values ($1, 'Amina', $2) on conflict do nothing",
      [customer, at],
    );
    await query(
      `insert into accounts (id, customer, currency, category, type_code, description, holder, scheme, identification,
         status, status_updated_at, opened_at)
       values ($1, $2, 'KES', 'Personal', 'CACC', 'Everyday', 'Amina', 'UK.OBIE.BBAN', $1, 'Enabled', $3, $3)`,
      [account, customer, at],
    );
  });
  await asRole(world.stack, "banking", (query) =>
    query(
      `insert into payments (id, kind, client_id, consent, customer, account, initiation, risk, status, created_at, status_at)
       values ($1, 'domestic-payment', $2, $3, $4, $5, '{"CreditorAccount": {"Name": "Baraka"}}', '{}', 'ACSC', $6, $6)`,
      [payment, OURS, consent, customer, account, at],
    ),
  );
  const { Initiation } = REQUESTS["domestic-payment"].Data as { readonly Initiation: object };
  await asRole(world.stack, "banking", (query) =>
    query("select consent.use($1, $2, $3, null, $4, $5)", [consent, OURS, Initiation, payment, at]),
  );
  return payment;
}
