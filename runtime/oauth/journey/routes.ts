import formbody from "@fastify/formbody";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { InteractionResults } from "oidc-provider";
import { codePage } from "../pages/code.ts";
import type { BankAccount } from "../bank.ts";
import { consentPage } from "../pages/consent.ts";
import { failurePage } from "../pages/failure.ts";
import { wordsOf, type Page } from "../pages/layout.ts";
import { loginPage } from "../pages/login.ts";
import { proposalPage } from "../pages/proposal-page.ts";
import { sameText, send } from "../pages/send.ts";
import { selfServiceRoutes, type SelfServiceDeps } from "../self-service/routes.ts";
import { approve, CANCELLED, deny, type DecisionDeps } from "./decision.ts";
import { type InteractionDeps, openInteraction, type OpenInteraction } from "./interaction.ts";
import type { Journey } from "./journey-store.ts";
import { chosenAccounts, enterCode, logIn, type Problem, sendCode, type StepDeps } from "./steps.ts";

/** What the pages of an interaction need. */
export type JourneyDeps = InteractionDeps & StepDeps & DecisionDeps & SelfServiceDeps;

/** A form of ours is small. */
const FORM_LIMIT = 16_384;

interface Answer {
  /** What the customer must correct. */
  readonly problem?: Problem;
  /** The interaction's end. */
  readonly result?: InteractionResults;
}

interface Step {
  readonly request: FastifyRequest;
  readonly interaction: OpenInteraction;
  readonly journey: Journey;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The pages on which a customer logs in, proves herself and decides: plain forms under `/interaction/<uid>`. */
export async function journeyApp(deps: JourneyDeps): Promise<FastifyInstance> {
  const { journeys, log } = deps;
  const app = fastify({ bodyLimit: FORM_LIMIT });
  await app.register(formbody);

  const finish = async (step: Pick<Step, "request">, reply: FastifyReply, result: InteractionResults) => {
    const to = await deps.provider.interactionResult(step.request.raw, reply.raw, result, {
      mergeWithLastSubmission: false,
    });
    return reply.redirect(to, 303);
  };

  /** Opens the interaction, or ends the request. */
  const begin = async (request: FastifyRequest, reply: FastifyReply): Promise<Step | undefined> => {
    const { uid } = request.params as { readonly uid: string };
    const found = await openInteraction(deps, uid, request.raw, reply.raw);
    if ("closed" in found) {
      const { closed } = found;
      if (closed.redirect) await finish({ request }, reply, closed.result);
      else await send(reply, 400, endedPage(closed.code));
      return undefined;
    }
    const fields = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    const interaction = found.open;
    if (request.method === "POST" && !sameText(fields["csrf"], interaction.form.csrf)) {
      await send(reply, 403, endedPage("form_not_ours"));
      return undefined;
    }
    return { request, interaction, fields, journey: await journeys.find(uid) };
  };

  const post = (path: string, act: (step: Step) => Promise<Answer>) => {
    app.post(`/interaction/:uid/${path}`, async (request, reply) => {
      const step = await begin(request, reply);
      if (step === undefined) return reply;
      const { problem, result } = await act(step);
      if (result !== undefined) return await finish(step, reply, result);
      // A step that succeeded leads to the page of the next one by GET, so that reloading sends nothing again.
      if (problem === undefined) return await reply.redirect(step.interaction.form.action, 303);
      const journey = await journeys.find(step.interaction.uid);
      return await send(reply, 400, await pageFor(deps, { ...step, journey }, problem));
    });
  };

  app.get("/interaction/:uid", async (request, reply) => {
    const step = await begin(request, reply);
    return step === undefined ? reply : await send(reply, 200, await pageFor(deps, step, undefined));
  });
  post("login", async ({ interaction, fields }) => ({
    problem: await logIn(deps, interaction, { username: fields["username"], password: fields["password"] }),
  }));
  post("another-code", async ({ interaction, journey: { customer } }) => {
    if (customer === undefined) return {};
    return { problem: await sendCode(deps, interaction, customer) };
  });
  post("code", async ({ interaction, journey: { customer }, fields }) => {
    if (customer === undefined) return {};
    return { problem: await enterCode(deps, interaction, customer, fields["code"]) };
  });
  post("cancel", async () => ({ result: CANCELLED }));
  post("decision", async (step) => {
    const { interaction, fields } = step;
    const { customer, authenticatedAt, linked } = step.journey;
    if (customer === undefined || authenticatedAt === undefined) return {};
    const approved = fields["decision"] === "approve";
    if (!approved && fields["decision"] !== "deny") return { problem: "Choose “Allow” or “Do not allow”." };
    // Whatever was changed after the code was made, she has not seen it.
    if (linked !== interaction.link)
      return { problem: "The request has changed. Start again from where you came." };
    const own = await choosable(deps, interaction, customer);
    const most = interaction.proposal === undefined ? Infinity : 1;
    const chosen = chosenAccounts(approved ? fields["account"] : [], own, most);
    if (approved && "problem" in chosen) return chosen;
    if (!(await journeys.claimDecision(interaction.uid)))
      return { problem: "Your decision is being carried out." };
    try {
      const ids = "accounts" in chosen ? chosen.accounts : [];
      const accounts = own.filter(({ accountId }) => ids.includes(accountId));
      const who = { customer, authenticatedAt, linked };
      const result = approved
        ? await approve(deps, interaction, who, {
            accounts,
            shown: wordsOf(await pageFor(deps, step, undefined)),
          })
        : await deny(deps, interaction);
      log.info(
        { client: interaction.partner.clientId, consent: interaction.consent.id, approved },
        "customer decided",
      );
      return { result };
    } catch (error) {
      await journeys.releaseDecision(interaction.uid);
      throw error;
    }
  });

  selfServiceRoutes(app, deps);
  app.setNotFoundHandler((_request, reply) => send(reply, 404, endedPage("not_found")));
  app.setErrorHandler(async (error, request, reply) => {
    const status = (error as { readonly statusCode?: number }).statusCode ?? 500;
    if (status < 500) return await send(reply, status, endedPage("form_unreadable"));
    log.error({ err: error, route: request.routeOptions.url }, "interaction failed");
    return await send(reply, 503, TRY_AGAIN);
  });
  await app.ready();
  return app;
}

/** The page that belongs to how far a customer has come. */
async function pageFor(
  deps: JourneyDeps,
  { interaction, journey: { customer, authenticatedAt }, fields }: Step,
  problem: Problem,
): Promise<Page> {
  const { form, consent, proposal } = interaction;
  const context = { ...form, problem };
  if (customer === undefined) return loginPage(context);
  if (authenticatedAt === undefined) return codePage(context);
  const { permissions, expiresAt, transactionFrom, transactionTo, policy } = consent;
  const before = consent.customer === customer ? consent.accounts : [];
  const accounts = await choosable(deps, interaction, customer);
  const chosen = "decision" in fields ? [fields["account"]].flat().map(String) : before;
  if (proposal !== undefined) return proposalPage(context, { ...proposal, accounts, chosen });
  return consentPage(context, {
    permissions,
    expiresAt,
    transactionFrom,
    transactionTo,
    historyDays: policy.historyDays,
    purposes: policy.purposes,
    minimisation: policy.minimisation,
    accounts,
    chosen,
  });
}

/** The accounts a customer may choose from: her own, or of these the one that the partner named. */
async function choosable(
  { bank }: Pick<JourneyDeps, "bank">,
  { proposal }: OpenInteraction,
  customer: string,
): Promise<readonly BankAccount[]> {
  const own = await bank.accounts(customer);
  const named = proposal?.debtor;
  if (named === undefined) return own;
  return own.filter(({ scheme, number }) => scheme === named.SchemeName && number === named.Identification);
}

function endedPage(code: string): Page {
  const text =
    "This request has ended or was opened in another browser. Go back to the service that sent you here and start again.";
  return failurePage({ heading: "This cannot go on", text, code });
}

const TRY_AGAIN = failurePage({
  heading: "Please try again",
  text: "Something went wrong on our side and nothing was changed. Reload the page in a moment.",
  code: "temporarily_unavailable",
});
