import type { FastifyInstance, FastifyRequest } from "fastify";
import { BERLIN_GROUP_PATH, BerlinGroupError } from "../../service/berlin-group.ts";
import { onlyFrom } from "../../service/mtls-server.ts";
import { demand, narrowed, type Access, type Period } from "../access.ts";
import type { AccountRoutesOptions } from "../account-routes.ts";
import { bookingTime } from "../booking-time.ts";
import type { TransactionQuery } from "../core-bank.ts";
import { pageLinks } from "../paging.ts";
import { listAddress, transactionPage } from "../transaction-page.ts";
import { consentedAccess, namedAccount } from "./account-routes.ts";
import { accountReference, balancesOf, hrefTo, transactionOf } from "./answers.ts";

interface Params {
  readonly Params: { readonly accountId: string; readonly transactionId: string };
}
type Query = Readonly<Record<string, unknown>>;

/** The last moment of a day, in ms after its first. */
const DAY_END_MS = 86_399_999;
/** Filters that are repeated in links to other pages. */
const FILTERS = ["dateFrom", "dateTo", "bookingStatus", "withBalance"];

/** Transactions of one account, newest first, page by page (NextGenPSD2 1.3.11). */
export function berlinGroupTransactions(
  app: FastifyInstance,
  { bank, clock, apiHost }: AccountRoutesOptions,
): void {
  const gateway = { preHandler: onlyFrom("gateway") };
  const path = `${BERLIN_GROUP_PATH}/accounts/:accountId/transactions`;
  const among = (access: Access, account: string, period: Period): Omit<TransactionQuery, "limit"> => ({
    accounts: [account],
    ...period,
    credits: access.may("ReadTransactionsCredits"),
    debits: access.may("ReadTransactionsDebits"),
  });

  app.get<Params>(path, gateway, async (request) => {
    const access = consentedTransactions(request);
    const query = request.query as Query;
    const status = bookingStatus(query);
    const period = asked(query, access.period(clock()));
    const account = await namedAccount(bank, access, request.params.accountId);
    const page = await transactionPage(bank, query["page"], among(access, account.id, period));
    if (page === undefined) throw unreadable("page", "is not one that a link named; begin at the first page");
    const links = pageLinks(listAddress(request, apiHost, FILTERS), undefined, page);
    const booked = page.transactions.map((each) => transactionOf(each, access, apiHost));
    const withBalance = query["withBalance"] === "true" && access.may("ReadBalances");
    return {
      account: accountReference(account, access),
      transactions: {
        ...(status === "pending" ? {} : { booked }),
        // What is only announced is not booked here: the ledger books as money moves.
        ...(status === "booked" ? {} : { pending: [] }),
        _links: {
          account: hrefTo(apiHost, `/accounts/${account.id}`),
          ...(status === "pending" ? {} : pagesOf(links)),
        },
      },
      ...(withBalance ? { balances: balancesOf(account) } : {}),
    };
  });

  app.get<Params>(`${path}/:transactionId`, gateway, async (request) => {
    const access = consentedTransactions(request);
    const { accountId, transactionId } = request.params;
    const { id } = await namedAccount(bank, access, accountId);
    const found = await bank.transaction(transactionId, among(access, id, access.period(clock())));
    if (found !== undefined) return { transactionsDetails: transactionOf(found, access, apiHost) };
    const text = "There is no such transaction in the period of this consent.";
    throw new BerlinGroupError({ code: "RESOURCE_UNKNOWN", text });
  });
}

function consentedTransactions(request: FastifyRequest): Access {
  const access = consentedAccess(request, "ReadTransactionsBasic", "ReadTransactionsDetail");
  demand(access, "ReadTransactionsCredits", "ReadTransactionsDebits");
  return access;
}

function bookingStatus(query: Query): "booked" | "pending" | "both" {
  for (const name of ["entryReferenceFrom", "deltaList"]) {
    if (query[name] === undefined) continue;
    const text = `${name} is not offered here; ask by dateFrom.`;
    throw new BerlinGroupError({ code: "PARAMETER_NOT_SUPPORTED", text, path: name });
  }
  const status = query["bookingStatus"];
  if (status === "booked" || status === "pending" || status === "both") return status;
  if (status === "information" || status === "all") {
    const text = `bookingStatus=${status} is not offered here; ask for booked, pending or both.`;
    throw new BerlinGroupError({ code: "PARAMETER_NOT_SUPPORTED", text, path: "bookingStatus" });
  }
  throw unreadable("bookingStatus", "must be booked, pending or both");
}

/** The days a partner asks for, within what the consent covers: what lies outside is left out, not refused. */
function asked(query: Query, covered: Period): Period {
  const from = day(query, "dateFrom");
  if (from === undefined) throw unreadable("dateFrom", "is missing; name the first day");
  const last = day(query, "dateTo");
  if (last !== undefined && from > last) {
    const text = "dateTo is before dateFrom.";
    throw new BerlinGroupError({ code: "PERIOD_INVALID", text, path: "dateTo" });
  }
  const to = last && new Date(last.getTime() + DAY_END_MS);
  return narrowed(covered, { from, to });
}

function day(query: Query, name: string): Date | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  if (typeof text !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(text))
    throw unreadable(name, "must be a day, such as 2026-11-22");
  return bookingTime(text, name);
}

function unreadable(path: string, why: string): BerlinGroupError {
  return new BerlinGroupError({ code: "FORMAT_ERROR", text: `${path} ${why}.`, path });
}

function pagesOf({ First, Prev, Next }: ReturnType<typeof pageLinks>): object {
  return {
    first: { href: First },
    ...(Prev === undefined ? {} : { previous: { href: Prev } }),
    ...(Next === undefined ? {} : { next: { href: Next } }),
  };
}
