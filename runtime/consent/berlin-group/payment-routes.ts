import type { FastifyInstance } from "fastify";
import { BERLIN_GROUP_PATH, initiationStatus, REQUEST_ID } from "../../service/berlin-group.ts";
import { paymentsPath, SERVICES, type PaymentService } from "../../service/berlin-group-payments.ts";
import { onlyFrom } from "../../service/mtls-server.ts";
import { admit } from "../admission.ts";
import { asOf, AWAITING_MS, type Consent } from "../consent.ts";
import { rulesOf } from "../kinds/kinds.ts";
import type { PartnerRoutesOptions } from "../partner-routes.ts";
import { linksOf, pathOf } from "./answers.ts";
import { readBulkRequest } from "./bulk-request.ts";
import { created, entitled, refusedBy } from "./consent-routes.ts";
import type { Asking, ReadPayment } from "./payment-members.ts";
import { readPaymentRequest } from "./payment-request.ts";
import { readPeriodicRequest } from "./periodic-request.ts";

const READERS: Readonly<Record<PaymentService, (body: unknown, asking: Asking) => ReadPayment>> = {
  payments: readPaymentRequest,
  "periodic-payments": readPeriodicRequest,
  "bulk-payments": readBulkRequest,
};

/**
 * How long a payment's consent stands, in ms: the customer has the first day to agree to it, and the bank, which pays by
 * itself, another day from the last moment of that to come back from wherever it was.
 */
const STANDS_MS = 2 * AWAITING_MS;

/**
 * Initiating a payment (NextGenPSD2 1.3.11): a consent to a payment, which the bank itself carries out once the
 * customer has authorised it. The same `X-Request-ID` again is the same request.
 */
export function berlinGroupInitiation(app: FastifyInstance, options: PartnerRoutesOptions): void {
  for (const service of SERVICES) initiation(app, service, options);
}

function initiation(app: FastifyInstance, service: PaymentService, options: PartnerRoutesOptions): void {
  const { store, clock, newId, country } = options;
  const path = `${BERLIN_GROUP_PATH}${paymentsPath(service)}`;

  app.post(path, { preHandler: onlyFrom("gateway") }, async (request, reply) => {
    const now = clock();
    const { clientId, shard } = entitled(request, "PISP", options);
    const key = String(request.headers[REQUEST_ID]);
    const made = async (): Promise<Consent> => {
      const { kind, sent, asked, file } = READERS[service](request.body, { requestId: key, country, now });
      const rules = rulesOf(kind);
      const id = newId(rules.prefix);
      const admitted = admit(rules, asked, { id, clientId, policy: shard.policy, now });
      if ("faults" in admitted) throw refusedBy(admitted.faults);
      const { state } = admitted.consent;
      return store.add(
        {
          ...admitted.consent,
          // The payments of a bulk came with it: nothing more is waited for but the customer.
          state: file === undefined ? state : "AWAU",
          berlinGroup: sent,
          expiresAt: new Date(now.getTime() + STANDS_MS),
        },
        { kind: "partner", id: clientId },
        { claim: { ...claim, resource: id }, ...(file && { file }) },
      );
    };
    const claim = { clientId, path, key, body: request.body, at: now };
    const consent = (await store.answered(claim)) ?? (await made());
    const standing = asOf(consent, now);
    return created(reply, pathOf(consent), options).send({
      transactionStatus: initiationStatus(standing.state),
      paymentId: consent.id,
      _links: linksOf(standing, options),
    });
  });
}
