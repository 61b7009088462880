import type { FastifyInstance } from "fastify";
import { requestIds } from "../service/berlin-group-headers.ts";
import { createServiceApp, type ServiceAppOptions } from "../service/mtls-server.ts";
import type { Database } from "../service/postgres.ts";
import { accountRoutes, type AccountRoutesOptions } from "./account-routes.ts";
import { askReplicaFirst, type AccountReads } from "./account-reads.ts";
import { berlinGroupAccounts } from "./berlin-group/account-routes.ts";
import { berlinGroupPayments } from "./berlin-group/payment-routes.ts";
import { berlinGroupTransactions } from "./berlin-group/transaction-routes.ts";
import { tellWhenToAskAgain } from "./retry-after.ts";
import { internalRoutes } from "./internal-routes.ts";
import { fundsRoutes } from "./payments/funds-routes.ts";
import { minimiseAnswers } from "./minimisation.ts";
import { paymentRoutes, type PaymentRoutesOptions } from "./payments/routes.ts";
import { resourceRoutes } from "./resources/routes.ts";
import { refuseRestricted, type Restrictions } from "./restriction.ts";
import { transactionRoutes } from "./transaction-routes.ts";
import { limitUnattended, type CountUnattended } from "./unattended.ts";

/** What the banking service is made of. */
export interface BankingAppOptions extends AccountRoutesOptions, PaymentRoutesOptions {
  readonly database: Database;
  /** Counts calls without the customer; absent: they are not bounded. */
  readonly unattended?: CountUnattended | undefined;
  /** Whose data is given to nobody; absent: nobody's is restricted. */
  readonly restrictions?: Pick<Restrictions, "has"> | undefined;
  /** Who answers account information; absent: the bank and the database that answer everything else. */
  readonly reads?: AccountReads | undefined;
  readonly server: Omit<ServiceAppOptions, "allow">;
}

/** The banking service, not yet listening. */
export function bankingApp({ server, ...options }: BankingAppOptions): FastifyInstance {
  const app = createServiceApp({ ...server, allow: ["gateway", "oauth"] });
  requestIds(app);
  const { unattended: count, restrictions, clock } = options;
  if (restrictions !== undefined) refuseRestricted(app, restrictions);
  if (count !== undefined) limitUnattended(app, { count, clock });
  minimiseAnswers(app);
  tellWhenToAskAgain(app);
  app.register((accounts, _options, done) => {
    const { reads } = options;
    if (reads !== undefined) askReplicaFirst(accounts, reads.replica);
    const reading =
      reads === undefined ? options : { ...options, bank: reads.bank, database: reads.replica.queries };
    accountRoutes(accounts, reading);
    transactionRoutes(accounts, reading);
    resourceRoutes(accounts, reading);
    berlinGroupAccounts(accounts, reading);
    berlinGroupTransactions(accounts, reading);
    done();
  });
  paymentRoutes(app, options);
  fundsRoutes(app, options);
  berlinGroupPayments(app, options);
  internalRoutes(app, options);
  return app;
}
