import type { AddressInfo } from "node:net";
import { TEST_NAMESPACE } from "../../database/testing/stack-database.ts";
import { createLog } from "../../service/logger.ts";
import type { ServiceIdentity } from "../../service/identity.ts";
import { createUpstream, type Upstream } from "../../service/mtls-client.ts";
import { createServiceApp } from "../../service/mtls-server.ts";
import { Problem } from "../../service/problem.ts";
import type { ContractExchange } from "../../service/testing/contract.ts";
import type { Account, Transaction, TransactionQuery } from "../core-bank.ts";
import type { Booking, Bookings, Return } from "../payments/bookings.ts";
import type { TestBank } from "./bank.ts";

/** The books of a test bank behind the contract of Wekeza-Core, over mutual TLS on loopback. */
export interface CoreServer {
  readonly origin: string;
  /** How the banking service calls it. */
  readonly upstream: Upstream;
  /** What was said while nothing was broken. */
  readonly exchanges: readonly ContractExchange[];
  /** Answers this instead, below a path; `silent`: nothing at all. Undefined: itself. */
  breakWith(
    fault: { readonly status: number; readonly body: unknown } | "silent" | undefined,
    below?: string,
  ): void;
  /** How many calls it has answered so. */
  refused(): number;
  stop(): Promise<void>;
}

/** Where it listens, as whom, and whose banking service may call it. */
export interface CorePlace {
  readonly host: string;
  readonly identity: ServiceIdentity;
  readonly namespace: string;
}

interface Named {
  readonly Params: { readonly id: string };
}
type Query = Readonly<Record<string, string | string[]>>;

/** Puts a bank's books, and what books in them, behind the contract; on loopback unless a place is given. */
export async function startCoreServer(
  { stack, bank }: Pick<TestBank, "stack" | "bank">,
  bookings: Bookings,
  place?: CorePlace,
): Promise<CoreServer> {
  const host = place?.host ?? "localhost";
  const log = createLog("core", { level: "silent" });
  const exchanges: ContractExchange[] = [];
  let broken: Parameters<CoreServer["breakWith"]>[0];
  let brokenBelow = "/";
  let refused = 0;
  const app = createServiceApp({
    log,
    namespace: place?.namespace ?? TEST_NAMESPACE,
    allow: ["banking"],
    identity: place?.identity ?? (await stack.identity("core")),
  });
  app.addHook("preHandler", async ({ url }, reply) => {
    if (!url.startsWith(brokenBelow)) return;
    if (broken === "silent") await new Promise(() => undefined);
    else if (broken !== undefined) {
      refused += 1;
      await reply.status(broken.status).send(broken.body);
    }
  });
  app.addHook(
    "preSerialization",
    async ({ method, url, body: request }, { statusCode: status }, response) => {
      const [path = ""] = url.split("?", 1);
      if (broken === undefined) exchanges.push({ method, path, request, status, response: asJson(response) });
      return response;
    },
  );

  app.post<{ Body: { username: string; password: string } }>("/v1/logins", async ({ body }) => ({
    customer: await bank.login(body.username, body.password),
  }));
  app.get<Named>("/v1/customers/:id/accounts", async ({ params }) => ({
    accounts: (await bank.accountsOf(params.id)).map(accountOut),
  }));
  app.get<Named>("/v1/accounts/:id", async ({ params }) => ({ exists: await bank.exists(params.id) }));
  app.get<{ Querystring: Query }>("/v1/transactions", async ({ query }) => {
    const { towards, beside, limit } = query;
    const place =
      beside === undefined
        ? {}
        : { place: { towards: towards as "older" | "newer", beside: String(beside) } };
    const page = await bank.transactions({ ...among(query), ...place, limit: Number(limit) });
    if (page === undefined)
      throw new Problem(422, "NoPlace", "There is no such transaction to begin beside.");
    return { ...page, transactions: page.transactions.map(transactionOut) };
  });
  app.get<Named & { Querystring: Query }>("/v1/transactions/:id", async ({ params, query }) => {
    const found = await bank.transaction(params.id, among(query));
    return { transaction: found && transactionOut(found) };
  });
  app.put<{ Body: Said<Booking> }>("/v1/bookings/:id", ({ body }) =>
    bookings.book({ ...body, amount: BigInt(body.amount), creditAmount: BigInt(body.creditAmount) }),
  );
  app.put<Named & { Body: Omit<Return, "id"> }>("/v1/bookings/:id/return", async ({ params, body }) => {
    await bookings.giveBack({ ...body, ...params });
    return { status: "RJCT" };
  });
  await app.listen({ port: 0, host });

  const origin = `https://${host}:${(app.server.address() as AddressInfo).port}`;
  const upstream = createUpstream({ identity: await stack.identity("banking"), origin });
  return {
    origin,
    upstream,
    exchanges,
    breakWith(fault, below = "/") {
      broken = fault;
      brokenBelow = below;
    },
    refused: () => refused,
    async stop() {
      await upstream.close();
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

type Said<T> = Omit<T, "amount" | "creditAmount"> & {
  readonly amount: string;
  readonly creditAmount: string;
};

function among(query: Query): Omit<TransactionQuery, "place" | "limit"> {
  return {
    accounts: [query["account"] ?? []].flat(),
    from: new Date(String(query["from"])),
    to: new Date(String(query["to"])),
    credits: query["credits"] === "true",
    debits: query["debits"] === "true",
  };
}

function accountOut({ balance, overdraft, ...account }: Account): object {
  return { ...account, balance: String(balance), overdraft: String(overdraft) };
}

function transactionOut({ amount, balanceAfter, ...transaction }: Transaction): object {
  return { ...transaction, amount: String(amount), balanceAfter: String(balanceAfter) };
}

/** A value as it reads on the other side. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
