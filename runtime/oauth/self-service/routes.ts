import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { GrantStore } from "../adapter/grant-store.ts";
import type { Consents, Wish } from "../consents.ts";
import { csrfToken } from "../journey/one-time-code.ts";
import type { Journey } from "../journey/journey-store.ts";
import { enterCode, logIn, sendCode, type Problem, type Purpose, type StepDeps } from "../journey/steps.ts";
import { failurePage } from "../pages/failure.ts";
import { sameText, send } from "../pages/send.ts";
import type { Partners } from "../partners.ts";
import { consentsPage, codePage, loginPage, type SelfServiceForm } from "./pages.ts";

/** What a customer's own pages need. */
export interface SelfServiceDeps extends StepDeps {
  readonly consents: Pick<
    Consents,
    "ofCustomer" | "withdraw" | "privacyOf" | "wish" | "recordOf" | "receiptOf"
  >;
  readonly grants: Pick<GrantStore, "revokeConsent">;
  readonly partners: Partners;
  /** A new, unguessable name of a visit. */
  readonly newVisit: () => string;
}

/** `__Host-`: nobody but this very host sets it; `Strict`: no link from elsewhere brings it along. */
const COOKIE = "__Host-wekeza-visit";
const BASE = "/consents";
/** Permissions that have ended and are listed, the newest first. */
const ENDED = 20;
const WISHES: readonly Wish[] = ["erasure", "restriction", "end-of-restriction"];

interface Visit {
  readonly id: string;
  readonly form: SelfServiceForm;
  readonly journey: Journey;
}

/**
 * A customer's own pages: she logs in with the bank, proves who she is by a code, sees every consent that lives, and
 * takes back the ones she wants. A visit lasts as long as an interaction, and no longer than its browser.
 */
export function selfServiceRoutes(app: FastifyInstance, deps: SelfServiceDeps): void {
  const { journeys, consents, grants, key, log, newVisit } = deps;

  const visitOf = async (request: FastifyRequest, reply: FastifyReply): Promise<Visit> => {
    const id = visitIn(request.headers.cookie) ?? begin(reply, newVisit());
    return { id, form: { action: BASE, csrf: csrfToken(key, id) }, journey: await journeys.find(id) };
  };

  const show = async (
    reply: FastifyReply,
    { form, journey }: Visit,
    problem?: Problem,
  ): Promise<FastifyReply> => {
    const status = problem === undefined ? 200 : 400;
    const { customer, authenticatedAt } = journey;
    if (customer === undefined) return send(reply, status, loginPage({ ...form, problem }));
    if (authenticatedAt === undefined) return send(reply, status, codePage({ ...form, problem }));
    const all = await consents.ofCustomer(customer);
    const living = all.filter((consent) => consent.status === "AUTH");
    const ended = all.filter((consent) => consent.status !== "AUTH").slice(0, ENDED);
    const nameOf = (clientId: string): string | undefined => deps.partners.byClientId(clientId)?.displayName;
    const privacy = await consents.privacyOf(customer);
    return send(reply, status, consentsPage({ ...form, problem }, { living, ended, privacy }, nameOf));
  };

  const post = (
    path: string,
    act: (visit: Visit, fields: Readonly<Record<string, unknown>>, reply: FastifyReply) => Promise<Problem>,
  ): void => {
    app.post(`${BASE}/${path}`, async (request, reply) => {
      const visit = await visitOf(request, reply);
      const fields = (request.body ?? {}) as Readonly<Record<string, unknown>>;
      if (!sameText(fields["csrf"], visit.form.csrf)) return send(reply, 403, NOT_OURS);
      const problem = await act(visit, fields, reply);
      if (problem === undefined) return reply.redirect(BASE, 303);
      return show(reply, { ...visit, journey: await journeys.find(visit.id) }, problem);
    });
  };

  app.get(BASE, async (request, reply) => show(reply, await visitOf(request, reply)));
  post("login", async (_visit, fields, reply) => {
    // A visit that means somebody has a name that nobody knew before she logged in.
    const id = newVisit();
    const problem = await logIn(deps, purposeOf(id), {
      username: fields["username"],
      password: fields["password"],
    });
    if (problem === undefined) begin(reply, id);
    return problem;
  });
  post("another-code", async ({ id, journey: { customer } }) =>
    customer === undefined ? undefined : sendCode(deps, purposeOf(id), customer),
  );
  post("code", async ({ id, journey: { customer } }, fields) =>
    customer === undefined ? undefined : enterCode(deps, purposeOf(id), customer, fields["code"]),
  );
  post("withdraw", async ({ journey: { customer, authenticatedAt } }, fields) => {
    const { consent } = fields;
    if (customer === undefined || authenticatedAt === undefined || typeof consent !== "string")
      return undefined;
    if (!(await consents.withdraw(consent, customer))) return "That permission had ended already.";
    log.info({ consent, customer }, "customer withdrew");
    await grants.revokeConsent(consent);
    return undefined;
  });
  for (const wish of WISHES)
    post(wish, async ({ journey: { customer, authenticatedAt } }) => {
      if (customer === undefined || authenticatedAt === undefined) return undefined;
      await consents.wish(customer, wish);
      log.info({ customer, wish }, "customer wished something about her data");
      return undefined;
    });
  // Everything that is kept of her, to take along (GDPR articles 15 and 20; Kenya DPA sections 26 and 38).
  app.get(`${BASE}/export`, async (request, reply) => {
    const visit = await visitOf(request, reply);
    const { customer, authenticatedAt } = visit.journey;
    if (customer === undefined || authenticatedAt === undefined) return reply.redirect(BASE, 303);
    return sendFile(reply, "record", await consents.recordOf(customer));
  });
  // Proof of what happened to one of her permissions or payments, which is worth as much when we are gone.
  app.get<{ Params: { id: string } }>(`${BASE}/receipts/:id`, async (request, reply) => {
    const visit = await visitOf(request, reply);
    const { customer, authenticatedAt } = visit.journey;
    if (customer === undefined || authenticatedAt === undefined) return reply.redirect(BASE, 303);
    const receipt = await consents.receiptOf(customer, request.params.id);
    if (receipt === undefined) return send(reply, 404, NO_RECEIPT);
    if (receipt === "Awaited") return send(reply.header("retry-after", "1"), 202, RECEIPT_AWAITED);
    return sendFile(reply, "receipt", receipt);
  });
  post("logout", async ({ id }) => {
    await journeys.remove(id);
    return undefined;
  });
}

function sendFile(reply: FastifyReply, name: string, content: unknown): FastifyReply {
  return reply
    .headers({
      "content-disposition": `attachment; filename="${name}.json"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    })
    .type("application/json; charset=utf-8")
    .send(JSON.stringify(content, undefined, 2));
}

function purposeOf(uid: string): Purpose {
  const partner = { clientId: "", displayName: "your own list of permissions" };
  return { uid, consent: { id: "self-service" }, partner, proposal: undefined, link: undefined };
}

function begin(reply: FastifyReply, id: string): string {
  reply.header("set-cookie", `${COOKIE}=${id}; Path=/; Secure; HttpOnly; SameSite=Strict`);
  return id;
}

function visitIn(cookies: string | undefined): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([A-Za-z0-9_-]{43})(?:;|$)`).exec(cookies ?? "")?.[1];
}

const NOT_OURS = failurePage({
  heading: "This cannot go on",
  text: "The page was too old or came from elsewhere. Open your list of permissions again.",
  code: "form_not_ours",
});

const RECEIPT_AWAITED = failurePage({
  heading: "Your receipt is being signed",
  text: "That takes a second or two. Then go back and ask for it again.",
  code: "receipt_awaited",
});

const NO_RECEIPT = failurePage({
  heading: "There is no such receipt",
  text: "We have no permission or payment of yours with this number, or keep no proof of it any more.",
  code: "no_receipt",
});
