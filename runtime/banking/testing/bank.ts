import { startStackDatabase, type StackDatabase } from "../../database/testing/stack-database.ts";
import { CONTEXT_HEADER, encodeContext, type CallContext } from "../../service/context.ts";
import { createLog } from "../../service/logger.ts";
import { createDatabase, type Database } from "../../service/postgres.ts";
import { bankingApp } from "../app.ts";
import type { CoreBank } from "../core-bank.ts";
import { createLedger } from "../ledger.ts";
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

/** The banking service over a real database with Kenya's demo customers. */
export interface TestBank {
  readonly stack: StackDatabase;
  readonly seed: Database;
  readonly bank: CoreBank;
  /** A demo customer's own. */
  home(username: string): { readonly customer: string; readonly accounts: readonly string[] };
  /** Calls as the gateway does, under a consent of a customer for all of her accounts, with changes. */
  read<Body>(
    username: string,
    path: string,
    consent?: Partial<NonNullable<CallContext["consent"]>>,
  ): Promise<Answer<Body>>;
  /** Calls as another service. */
  call(peer: string, method: "GET" | "POST", path: string, payload?: object): Promise<Answer>;
  /** Everything a partner was answered. */
  readonly answers: readonly { readonly path: string; readonly status: number; readonly body: unknown }[];
  stop(): Promise<void>;
}

export async function startBank(): Promise<TestBank> {
  const stack = await startStackDatabase();
  const log = createLog("banking", { level: "silent" });
  const as = async (user: string, schema: string): Promise<Database> =>
    createDatabase({ config: stack.database, user, schema, identity: await stack.identity(user), log });
  const database = await as("banking", "banking");
  const seed = await as("seed", "banking");
  await plantCustomers(seed, "KE", NOW);
  const bank = createLedger(database);
  let peer = "gateway";
  const app = bankingApp({
    server: { log, namespace: "stack-test", peerOf: () => peer },
    bank,
    clock: () => NOW,
    apiHost: "api.test",
  });
  const answers: { readonly path: string; readonly status: number; readonly body: unknown }[] = [];
  const home: TestBank["home"] = (username) => {
    const place = placeIn("KE");
    const { customer, accounts } = household("KE", place, { username } as Person, NOW);
    return { customer, accounts: accounts.map(({ id }) => id) };
  };
  return {
    stack,
    seed,
    bank,
    home,
    answers,
    async read<Body>(
      username: string,
      path: string,
      consent: Partial<NonNullable<CallContext["consent"]>> = {},
    ): Promise<Answer<Body>> {
      const { customer, accounts } = home(username);
      const context: CallContext = {
        clientId: "ptn-0000000000000001",
        partnerName: "Acme",
        scope: "openid accounts",
        interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
        customer,
        consent: { permissions: EVERYTHING, accounts: [...accounts], historyDays: 90, ...consent },
      };
      peer = "gateway";
      const response = await app.inject({ url: path, headers: { [CONTEXT_HEADER]: encodeContext(context) } });
      const body = response.json<Body>();
      answers.push({ path, status: response.statusCode, body });
      return { status: response.statusCode, body };
    },
    async call(from, method, path, payload) {
      peer = from;
      const response = await app.inject({ method, url: path, ...(payload === undefined ? {} : { payload }) });
      return { status: response.statusCode, body: response.json() };
    },
    async stop() {
      await app.close();
      await Promise.all([database.close(), seed.close()]);
      await stack.stop();
    },
  };
}
