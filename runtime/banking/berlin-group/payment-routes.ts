import type { FastifyInstance, FastifyRequest } from "fastify";
import { BERLIN_GROUP_PATH, BerlinGroupError, initiationStatus } from "../../service/berlin-group.ts";
import {
  paymentsPath,
  serviceOf,
  SERVICES,
  type PaymentService,
} from "../../service/berlin-group-payments.ts";
import type { ConsentKind, ConsentState } from "../../service/consent-snapshot.ts";
import { contextOf, onlyFrom } from "../../service/mtls-server.ts";
import type { Queries } from "../../service/postgres.ts";
import { kindOf } from "../payments/kinds.ts";
import type { Members } from "../payments/payment.ts";
import type { PaymentRoutesOptions } from "../payments/routes.ts";
import { REASONS, type TransferState } from "../payments/status.ts";
import { statusOfBulk, statusOfOrder, transactionStatus } from "./status.ts";

/** How many of a bulk's payments were not made; nothing when all were. */
function wordsOfBulk(moved: readonly TransferState[]): string | undefined {
  const rejected = moved.filter((state) => state === "RJCT").length;
  return rejected === 0 ? undefined : `${rejected} of ${moved.length} payments were not made.`;
}

interface One {
  readonly Params: { readonly id: string };
}

/** A payment that a partner initiated, as the consent service keeps it. */
interface Initiation {
  readonly client_id: string;
  readonly kind: ConsentKind;
  readonly state: ConsentState;
  readonly ends_at: Date;
  readonly sent: Members;
  readonly payment: string | null;
}

/** What a partner is told of its payment. */
interface ToldPayment {
  readonly sent: Members;
  readonly status: string;
  /** Why, when there is more to say than the status does. */
  readonly words: string | undefined;
}

/** What is needed to tell partners of their payments. */
type Options = Pick<PaymentRoutesOptions, "payments" | "clock"> & { readonly database: Queries };

/** What became of initiated payments (NextGenPSD2 1.3.11). */
export function berlinGroupPayments(app: FastifyInstance, options: Options): void {
  for (const service of SERVICES) paymentsOf(app, service, options);
}

function paymentsOf(app: FastifyInstance, service: PaymentService, options: Options): void {
  const { payments, clock, database } = options;
  const gateway = { preHandler: onlyFrom("gateway") };
  const path = `${BERLIN_GROUP_PATH}${paymentsPath(service)}/:id`;

  const standing = async (request: FastifyRequest<One>): Promise<ToldPayment> => {
    const { rows } = await database.query<Initiation>("select * from consent.initiation($1)", [
      request.params.id,
    ]);
    const [found] = rows;
    // Another partner's and none at all look the same to whoever guesses.
    const own = found?.client_id === contextOf(request).clientId && serviceOf(found.kind) === service;
    if (found === undefined || !own) {
      throw new BerlinGroupError({ code: "RESOURCE_UNKNOWN", text: "There is no such payment of yours." });
    }
    const { sent, state, ends_at: end, payment: id } = found;
    const payment = id === null ? undefined : await payments.find(id);
    if (payment === undefined) {
      // One whose time is over has ended, though nobody has written that down yet.
      const overdue = (state === "AWAU" || state === "AUTH") && end <= clock();
      return { sent, status: initiationStatus(overdue ? "EXPD" : state), words: undefined };
    }
    const { status, reason } = payment;
    const { when } = kindOf(payment.kind);
    const words = reason && REASONS[reason];
    if (when === "now" || when === "date") return { sent, status: transactionStatus(status), words };
    const moved = (await payments.transfers(payment.id)).map((transfer) => transfer.status);
    if (when === "order") return { sent, status: statusOfOrder(payment, moved), words };
    return { sent, status: statusOfBulk(payment, moved), words: words ?? wordsOfBulk(moved) };
  };

  app.get<One>(path, gateway, async (request) => {
    const { sent, status } = await standing(request);
    return { ...sent, transactionStatus: status };
  });

  app.get<One>(`${path}/status`, gateway, async (request) => {
    const { status, words } = await standing(request);
    return { transactionStatus: status, ...(words === undefined ? {} : { psuMessage: words }) };
  });
}
