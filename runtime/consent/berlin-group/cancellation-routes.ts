import type { FastifyInstance, FastifyRequest } from "fastify";
import { BERLIN_GROUP_PATH, BerlinGroupError, REQUEST_ID } from "../../service/berlin-group.ts";
import { paymentsPath, SERVICES, type PaymentService } from "../../service/berlin-group-payments.ts";
import { CANCELLATION } from "../../service/consent-snapshot.ts";
import { onlyFrom } from "../../service/mtls-server.ts";
import type { Queries } from "../../service/postgres.ts";
import { admit } from "../admission.ts";
import { asOf, type Consent } from "../consent.ts";
import { CANCELLING } from "../kinds/cancelling.ts";
import type { PartnerRoutesOptions } from "../partner-routes.ts";
import { hrefTo, pathOf, scaOAuth, scaStatusOf } from "./answers.ts";
import { ownPayment, type NamedAuthorisation } from "./authorisation-routes.ts";
import { cancellationsOf, standingOf, type PaymentStanding } from "./cancellation-store.ts";
import { created, partnerAs, refusedBy, type One } from "./consent-routes.ts";

/** What cancelling needs besides the partner's side of consents. */
type Options = PartnerRoutesOptions & { readonly database: Queries };

/**
 * Cancelling a payment (NextGenPSD2 1.3.11). What its customer has not authorised yet is the partner's to take back; what
 * she has, and has not left yet, is cancelled once she authorises that: a consent of its own, which the bank carries out.
 */
export function cancellationRoutes(app: FastifyInstance, options: Options): void {
  for (const service of SERVICES) cancellations(app, service, options);
}

function cancellations(app: FastifyInstance, service: PaymentService, options: Options): void {
  const { store, change, clock, newId, database } = options;
  const gateway = { preHandler: onlyFrom("gateway") };
  const path = `${BERLIN_GROUP_PATH}${paymentsPath(service)}/:id`;
  const own = (request: FastifyRequest<One>): Promise<Consent> => ownPayment(options, service, request);

  app.delete<One>(path, gateway, async (request, reply) => {
    const payment = await own(request);
    const { id, clientId } = payment;
    const decision = await change(id, { do: "takeBack" }, { kind: "partner", id: clientId });
    const state = decision?.consent.state;
    if (state === "CANC") return reply.status(204).send();
    if (state === "AUTH") throw notTakenYet();
    const standing = state === "COND" ? await standingOf(database, id) : undefined;
    if (standing?.status === "CANC") return reply.status(204).send();
    if (standing?.cancellable !== true) throw notCancellable();
    const at = pathOf(payment);
    return reply.status(202).send({
      transactionStatus: statusOf(standing),
      _links: {
        self: hrefTo(options, at),
        status: hrefTo(options, `${at}/status`),
        startAuthorisation: hrefTo(options, `${at}/cancellation-authorisations`),
      },
    });
  });

  app.post<One>(`${path}/cancellation-authorisations`, gateway, async (request, reply) => {
    const now = clock();
    const { shard } = partnerAs("PISP", request, options);
    const payment = await own(request);
    const { id: paid, clientId, state } = payment;
    const asked = { Data: { Cancels: paid, Initiation: payment.request["Initiation"] } };
    const list = `${pathOf(payment)}/cancellation-authorisations`;
    const key = String(request.headers[REQUEST_ID]);
    const claim = { clientId, path: `${BERLIN_GROUP_PATH}${list}`, key, body: asked, at: now };
    const made = async (): Promise<Consent> => {
      if (state === "AUTH") throw notTakenYet();
      if (state === "AWAU") throw withoutHer();
      const standing = await standingOf(database, paid);
      if (standing?.cancellable !== true) throw notCancellable();
      const id = newId(CANCELLING.prefix);
      const admitted = admit(CANCELLING, asked, { id, clientId, policy: shard.policy, now });
      if ("faults" in admitted) throw refusedBy(admitted.faults);
      return store.add(
        { ...admitted.consent, berlinGroup: { paymentId: paid } },
        { kind: "partner", id: clientId },
        { claim: { ...claim, resource: id } },
      );
    };
    const cancellation = (await store.answered(claim)) ?? (await made());
    const at = `${list}/${cancellation.id}`;
    const scaStatus = scaStatusOf(asOf(cancellation, now));
    return created(reply, at, options).send({
      scaStatus,
      authorisationId: cancellation.id,
      _links: {
        ...(scaStatus === "received" ? scaOAuth(options) : {}),
        scaStatus: hrefTo(options, at),
      },
    });
  });

  app.get<One>(`${path}/cancellation-authorisations`, gateway, async (request) => ({
    authorisationIds: await cancellationsOf(database, (await own(request)).id),
  }));

  app.get<NamedAuthorisation>(
    `${path}/cancellation-authorisations/:authorisation`,
    gateway,
    async (request) => {
      const payment = await own(request);
      const found = await store.find(request.params.authorisation);
      if (found?.kind === CANCELLATION && found.request["Cancels"] === payment.id)
        return { scaStatus: scaStatusOf(asOf(found, clock())) };
      throw new BerlinGroupError({ code: "RESOURCE_UNKNOWN", text: "There is no such authorisation." });
    },
  );
}

/** The status of a payment that still waits: an order may have paid before. */
function statusOf({ runs }: PaymentStanding): "PDNG" | "ACSP" {
  return runs === 0 ? "PDNG" : "ACSP";
}

/** Between her yes and the bank's work, for a second unless banking is away. */
function notTakenYet(): BerlinGroupError {
  const text =
    "The customer has authorised the payment and the bank is about to take it: ask again in a moment.";
  return new BerlinGroupError({ code: "STATUS_INVALID", text });
}

function withoutHer(): BerlinGroupError {
  const text = "The customer has not authorised the payment: DELETE cancels it without her.";
  return new BerlinGroupError({ code: "STATUS_INVALID", text });
}

function notCancellable(): BerlinGroupError {
  const text = "Nothing of the payment waits any more: it has left, was refused, or has ended.";
  return new BerlinGroupError({ code: "CANCELLATION_INVALID", text });
}
