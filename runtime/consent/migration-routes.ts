import type { FastifyInstance, FastifyRequest } from "fastify";
import { onlyFrom } from "../service/mtls-server.ts";
import { ObukError, type ObukFault } from "../service/obuk-error.ts";
import { consentAnswer } from "./answer.ts";
import type { Decision } from "./change.ts";
import { claimOf } from "./claim.ts";
import { asOf, type Consent } from "./consent.ts";
import { isJsonPatch, patched } from "./json-patch.ts";
import { rulesOf } from "./kinds/kinds.ts";
import { bodyOf, firstDifference, inPresentWords, type Asked } from "./migration.ts";
import { ownConsent, type PartnerRoutesOptions } from "./partner-routes.ts";

type OfConsent = { Params: { id: string } };

/**
 * A consent to recurring payments is put into the words of version 4, by the partner that was given it in those of an
 * earlier version: as a whole body (PUT), or by a patch of the old one (PATCH). It goes on saying the same.
 */
export function migrationRoutes(app: FastifyInstance, options: PartnerRoutesOptions): void {
  const { store, change, clock, apiHost } = options;
  const rules = rulesOf("domestic-vrp");
  const gateway = { preHandler: onlyFrom("gateway") };

  const migrate = async (request: FastifyRequest, { id, clientId, policy }: Consent, body: unknown) => {
    const now = clock();
    const claim = claimOf(request, { clientId, resource: id, at: now });
    const before = await store.answered(claim);
    if (before !== undefined) return consentAnswer(asOf(before, now), rules, apiHost);
    const read = rules.read(body, { policy, now });
    if ("faults" in read) throw new ObukError(400, read.faults);
    const to: Asked = { request: read.data, risk: read.risk };
    const decision = await change(id, { do: "migrate", to }, { kind: "partner", id: clientId }, { claim });
    if (decision?.ok !== true) throw new ObukError(400, faultOf(decision, to));
    return consentAnswer(asOf(decision.consent, now), rules, apiHost);
  };

  app.put<OfConsent>(`${rules.path}/:id`, gateway, async (request) =>
    migrate(request, await ownConsent(store, rules, request), request.body),
  );

  app.register(async (scope) => {
    const parser = scope.getDefaultJsonParser("error", "error");
    scope.addContentTypeParser("application/json-patch+json", { parseAs: "string" }, parser);

    scope.patch<OfConsent>(`${rules.path}/:id`, gateway, async (request) => {
      const consent = await ownConsent(store, rules, request);
      if (!isJsonPatch(request.body)) {
        const message = "Send an array of 1 to 50 operations: add, remove, replace, move, test (RFC 6902).";
        throw new ObukError(400, { reason: "InvalidFormat", message });
      }
      // Of one that was migrated by this very patch, what it was a patch of.
      const result = patched(bodyOf((await store.former(consent.id)) ?? consent), request.body);
      if (result.ok) return migrate(request, consent, result.document);
      const message = `The patch does not fit the consent at ${result.at}; nothing was changed.`;
      throw new ObukError(400, { reason: "FieldInvalid", message, path: result.at });
    });
  });
}

function faultOf(decision: Extract<Decision, { ok: false }> | undefined, to: Asked): ObukFault {
  if (decision?.why !== "OtherMeaning") {
    const message =
      decision?.why === "NothingToMigrate"
        ? "The consent is in the words of version 4 already; for other terms ask for a new one."
        : `The consent is ${decision?.consent.state}; only an authorised one is migrated.`;
    return { reason: "InvalidConsentStatus", message, path: "ConsentId" };
  }
  const wanted = inPresentWords(decision.consent);
  const path = wanted && firstDifference(wanted, to);
  const message = `${path} does not say what the customer agreed to, in the words of version 4.`;
  return { reason: "ConsentMismatch", message, path };
}
