import type { FastifyInstance, FastifyRequest } from "fastify";
import { contextOf, onlyFrom } from "../service/mtls-server.ts";
import { ObukError } from "../service/obuk-error.ts";
import { accessOf, demand, narrowed, type Access, type Period } from "./access.ts";
import { AISP_PATH, chosenAccount, chosenAccounts, type AccountRoutesOptions } from "./account-routes.ts";
import { transactionAnswer } from "./answers.ts";
import { bookingTime } from "./booking-time.ts";
import { PAGE_SIZE, pageLinks } from "./paging.ts";
import { listAddress, transactionPage } from "./transaction-page.ts";

const FROM = "fromBookingDateTime";
const TO = "toBookingDateTime";
type Query = Readonly<Record<string, unknown>>;

/** Booked transactions, newest first, page by page (Open Banking UK 4.0). */
export function transactionRoutes(
  app: FastifyInstance,
  { bank, clock, apiHost }: AccountRoutesOptions,
): void {
  const gateway = { preHandler: onlyFrom("gateway") };

  const list = async (
    request: FastifyRequest,
    access: Access,
    accounts: readonly string[],
  ): Promise<object> => {
    const query = request.query as Query;
    const covered = access.period(clock());
    const period = asked(query, covered);
    const text = query["page"];
    const page = await transactionPage(bank, text, {
      accounts,
      ...period,
      credits: access.may("ReadTransactionsCredits"),
      debits: access.may("ReadTransactionsDebits"),
    });
    if (page === undefined) {
      const message = "page is not one that Links named; begin at the first page.";
      throw new ObukError(400, { reason: "FieldInvalid", message, path: "page" });
    }
    return {
      Data: { Transaction: page.transactions.map((transaction) => transactionAnswer(transaction, access)) },
      Links: pageLinks(
        listAddress(request, apiHost, [FROM, TO]),
        typeof text === "string" ? text : undefined,
        page,
      ),
      Meta: {
        TotalPages: Math.max(1, Math.ceil(page.total / PAGE_SIZE)),
        FirstAvailableDateTime: covered.from.toISOString(),
        LastAvailableDateTime: covered.to.toISOString(),
      },
    };
  };

  app.get(`${AISP_PATH}/transactions`, gateway, async (request) => {
    const access = consented(request);
    const accounts = await chosenAccounts(bank, access);
    return list(
      request,
      access,
      accounts.map(({ id }) => id),
    );
  });

  app.get<{ Params: { accountId: string } }>(
    `${AISP_PATH}/accounts/:accountId/transactions`,
    gateway,
    async (request) => {
      const access = consented(request);
      const { id } = await chosenAccount(bank, access, request.params.accountId);
      return list(request, access, [id]);
    },
  );
}

function consented(request: FastifyRequest): Access {
  const access = accessOf(contextOf(request));
  demand(access, "ReadTransactionsBasic", "ReadTransactionsDetail");
  demand(access, "ReadTransactionsCredits", "ReadTransactionsDebits");
  return access;
}

/** The period a partner asks for, within what the consent covers: what lies outside is left out, not refused. */
function asked(query: Query, covered: Period): Period {
  const from = bookingTime(query[FROM], FROM);
  const to = bookingTime(query[TO], TO);
  if (from !== undefined && to !== undefined && from > to) {
    throw new ObukError(400, { reason: "FieldInvalidDate", message: `${TO} is before ${FROM}.`, path: TO });
  }
  return narrowed(covered, { from, to });
}
