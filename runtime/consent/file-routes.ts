import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { onlyFrom } from "../service/mtls-server.ts";
import { ObukError } from "../service/obuk-error.ts";
import { claimOf } from "./claim.ts";
import { fileFaults, type FileInitiation } from "./file.ts";
import { rulesOf } from "./kinds/kinds.ts";
import { ownConsent, type PartnerRoutesOptions } from "./partner-routes.ts";

/** The file of a file payment's consent: sent once, by the partner that announced it, and as it announced it. */
export function fileRoutes(app: FastifyInstance, options: PartnerRoutesOptions): void {
  const { store, change, clock } = options;
  const rules = rulesOf("file-payment");
  const gateway = { preHandler: onlyFrom("gateway") };
  // Whatever it says it is, a file is kept byte for byte: its hash was taken of these.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

    scope.post<{ Params: { id: string } }>(`${rules.path}/:id/file`, gateway, async (request, reply) => {
      const { id, clientId, request: data } = await ownConsent(store, rules, request);
      const content = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const body = createHash("sha256").update(content).digest("hex");
      const claim = claimOf(request, { clientId, resource: id, at: clock(), body });
      const faults = fileFaults(data["Initiation"] as FileInitiation, content);
      if (faults.length > 0) throw new ObukError(400, faults);
      const mediaType = request.headers["content-type"] ?? "application/octet-stream";
      const file = { mediaType, content };
      const decision = await change(id, { do: "upload" }, { kind: "partner", id: clientId }, { file, claim });
      if (decision?.ok === false) {
        const message = `The consent is ${decision.consent.state} and waits for no file.`;
        throw new ObukError(400, { reason: "InvalidConsentStatus", message, path: "ConsentId" });
      }
      return reply.status(200).send();
    });
  });

  app.get<{ Params: { id: string } }>(`${rules.path}/:id/file`, gateway, async (request, reply) => {
    const { id } = await ownConsent(store, rules, request);
    const file = await store.file(id);
    if (file === undefined) {
      const message = "The file has not been sent yet.";
      throw new ObukError(400, { reason: "NotFound", message, path: "ConsentId" });
    }
    return reply.status(200).type(file.mediaType).send(file.content);
  });
}
