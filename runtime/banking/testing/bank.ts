import { startStackDatabase, type StackDatabase } from "../../database/testing/stack-database.ts";
import { CONTEXT_HEADER, encodeContext, parseContext, type CallContext } from "../../service/context.ts";
import { createLog } from "../../service/logger.ts";
import { databaseOf } from "../../service/partner-database.ts";
import { createDatabase, type Database } from "../../service/postgres.ts";
import { bankingApp, type BankingAppOptions } from "../app.ts";
import type { CoreBank } from "../core-bank.ts";
import { createLedger } from "../ledger.ts";
import { createPayments, type Payments } from "../payments/payments.ts";
import { fixedRates } from "../payments/rates.ts";
import { sandboxFraud } from "../payments/sandbox.ts";
import { household } from "../seed/household.ts";
import { placeIn, type Person } from "../seed/people.ts";
import { plantCustomers } from "../seed/plant.ts";

/** When the tests' world stands still. */
export const NOW = new Date("2026-11-22T18:00:00.000Z");

/** Every permission the banking service serves. */
export const EVERYTHING = [
  "ReadAccountsBasic",
  "ReadAccountsDetail",
  "ReadBalances",
  "ReadTransactionsBasic",
  "ReadTransactionsDetail",
  "ReadTransactionsCredits",
  "ReadTransactionsDebits",
];

/** An answer, and what it says. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly body: Body;
}

/** What a partner was answered, and to what. */
export interface GivenAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A call of the gateway. */
export interface GatewayCall {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly payload?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly context?: Partial<CallContext>;
}

/** The partner of the tests; it calls by gateways of its own. */
export const ACME = "ptn-0000000000000001";

/** The banking service over a real database with Kenya's demo customers. */
export interface TestBank {
  readonly stack: StackDatabase;
  readonly seed: Database;
  readonly bank: CoreBank;
  readonly database: Database;
  readonly payments: Payments;
  /** A demo customer's own. */
  home(username: string): { readonly customer: string; readonly accounts: readonly string[] };
  /** Calls as the gateway does, under a consent of a customer for all of her accounts, with changes. */
  read<Body>(
    username: string,
    path: string,
    consent?: Partial<NonNullable<CallContext["consent"]>>,
  ): Promise<Answer<Body>>;
  /** Calls as the gateway does, for a partner, with what it knows of the call. */
  send<Body>(call: GatewayCall): Promise<Answer<Body>>;
  /** Calls as another service. */
  call(peer: string, method: "GET" | "POST", path: string, payload?: object): Promise<Answer>;
  /** Everything a partner was answered. */
  readonly answers: readonly GivenAnswer[];
  stop(): Promise<void>;
}

/**
 * @param given a stack that is there already and outlives the bank, with its service's database.
 * @param core a core of the bank's own: then there is nobody in the bank's own ledger.
 * @param more of what the service is made of.
 */
export async function startBank(
  given?: Pick<TestBank, "stack" | "database">,
  core?: CoreBank,
  more: Pick<BankingAppOptions, "reads" | "restrictions"> = {},
): Promise<TestBank> {
  const stack = given?.stack ?? (await startStackDatabase());
  const log = createLog("banking", { level: "silent" });
  const config = stack.database;
  const own = databaseOf("banking", { config, identity: await stack.identity("banking"), log });
  const database = given?.database ?? own;
  const identity = await stack.identity("seed");
  const seed = createDatabase({ config, user: "seed", schema: "banking", identity, log });
  if (core === undefined) await plantCustomers(seed, "KE", NOW);
  const bank = core ?? createLedger(database);
  const payments = createPayments({ database, fraud: sandboxFraud, rates: fixedRates, core });
  let peer = "gateway";
  const app = bankingApp({
    ...more,
    server: { log, namespace: "stack-test", peerOf: () => peer },
    bank,
    payments,
    rates: fixedRates,
    database,
    clock: () => NOW,
    apiHost: "api.test",
  });
  if (given === undefined)
    app.addHook("preValidation", ({ headers }, _reply, done) => {
      const clientId = peer === "gateway" ? parseContext(headers[CONTEXT_HEADER])?.clientId : undefined;
      own.during(clientId === ACME ? ACME : undefined, done);
    });
  const answers: GivenAnswer[] = [];
  const home: TestBank["home"] = (username) => {
    const place = placeIn("KE");
    const { customer, accounts } = household("KE", place, { username } as Person, NOW);
    return { customer, accounts: accounts.map(({ id }) => id) };
  };
  return {
    stack,
    seed,
    bank,
    database,
    payments,
    home,
    answers,
    async read<Body>(
      username: string,
      path: string,
      consent: Partial<NonNullable<CallContext["consent"]>> = {},
    ): Promise<Answer<Body>> {
      const { customer, accounts } = home(username);
      const context: CallContext = {
        clientId: ACME,
        partnerName: "Acme",
        scope: "openid accounts",
        interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
        customer,
        consent: { permissions: EVERYTHING, accounts: [...accounts], historyDays: 90, ...consent },
      };
      peer = "gateway";
      const response = await app.inject({ url: path, headers: { [CONTEXT_HEADER]: encodeContext(context) } });
      const body = response.json<Body>();
      const { statusCode: status, headers } = response;
      answers.push({ method: "GET", path, status, body, headers });
      return { status, body };
    },
    async send<Body>({ method = "GET", path, payload, headers = {}, context = {} }: GatewayCall) {
      peer = "gateway";
      const response = await app.inject({
        method,
        url: path,
        headers: {
          ...headers,
          [CONTEXT_HEADER]: encodeContext({
            clientId: ACME,
            partnerName: "Acme",
            scope: "payments",
            interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
            ...context,
          }),
        },
        ...(payload === undefined ? {} : { payload }),
      });
      const json = String(response.headers["content-type"]).startsWith("application/json");
      const body = (json ? response.json() : response.body) as Body;
      answers.push({ method, path, status: response.statusCode, body, headers: response.headers });
      return { status: response.statusCode, body };
    },
    async call(from, method, path, payload) {
      peer = from;
      const response = await app.inject({ method, url: path, ...(payload === undefined ? {} : { payload }) });
      return { status: response.statusCode, body: response.json() };
    },
    async stop() {
      await app.close();
      await seed.close();
      await own.close();
      if (given === undefined) await stack.stop();
    },
  };
}
