import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  BerlinGroupError,
  codeOfStatus,
  isBerlinGroupPath,
  refusalOf,
  translated,
  type BerlinGroupRefusal,
} from "./berlin-group.ts";
import { INTERACTION_ID, interactionIdOf } from "./interaction-id.ts";
import type { Log } from "./logger.ts";
import { isObukPath, ObukError, obukErrorBody, type ObukFault } from "./obuk-error.ts";
import { Problem, PROBLEM_JSON, problemBody } from "./problem.ts";

/** What fastify itself throws: a body too large, malformed JSON, a schema not met. */
interface FrameworkError {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message?: string;
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string;
}

/**
 * Answers every error in the dialect of its path: the OBUK body under `/open-banking/`, `tppMessages` on paths of the
 * Berlin Group, RFC 9457 elsewhere.
 *
 * What nobody foresaw becomes a 500 without detail; the detail goes to the log under the same interaction id.
 */
export function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, log));
  app.setNotFoundHandler((request, reply) => {
    // On OBUK paths 404 means that the address does not exist, never that the resource does not.
    if (isObukPath(request.url)) return reply.status(404).send();
    if (isBerlinGroupPath(request.url)) return refuse(reply, refusalOf([{ code: "RESOURCE_UNKNOWN" }]));
    return reply
      .status(404)
      .type(PROBLEM_JSON)
      .send(problemBody(404, "NotFound", "There is nothing at this address."));
  });
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const id = interactionIdOf(request.headers[INTERACTION_ID]);
  if (isBerlinGroupPath(request.url)) return refuse(reply, berlinGroupRefusal(error, request, log, id));
  const obuk = isObukPath(request.url);
  if (error instanceof ObukError) return reply.status(error.status).send(error.body(id));
  if (error instanceof Problem) {
    if (obuk) {
      const fault: ObukFault = { reason: "Other", message: error.message };
      return reply.status(error.status).send(obukErrorBody([fault], id));
    }
    return reply.status(error.status).type(PROBLEM_JSON).send(error.body());
  }
  const known = error as FrameworkError;
  const status = known.statusCode ?? 500;
  if (status < 400 || status > 499) {
    log.error({ err: error, interactionId: id, route: request.routeOptions.url }, "request failed");
    const text = "Something went wrong here; try again, and name the interaction id when you ask for help.";
    if (obuk) return reply.status(500).send(obukErrorBody([{ reason: "Other", message: text }], id));
    return reply
      .status(500)
      .type(PROBLEM_JSON)
      .send(problemBody(500, "Internal", text));
  }
  if (obuk) return reply.status(status).send(obukErrorBody(faultsOf(known), id));
  return reply
    .status(status)
    .type(PROBLEM_JSON)
    .send(problemBody(status, "RequestInvalid", known.message ?? "The request cannot be read."));
}

function refuse(reply: FastifyReply, { status, body }: BerlinGroupRefusal): FastifyReply {
  return reply.status(status).send(body);
}

function berlinGroupRefusal(
  error: unknown,
  request: FastifyRequest,
  log: Log,
  interactionId: string,
): BerlinGroupRefusal {
  if (error instanceof BerlinGroupError) return refusalOf(error.messages);
  if (error instanceof ObukError) return translated(error.status, error.faults);
  const { statusCode, message } = error as FrameworkError;
  const status = error instanceof Problem ? error.status : (statusCode ?? 500);
  if (status >= 400 && status <= 499)
    return refusalOf([{ code: codeOfStatus(status), text: message }], status);
  // Foreseen, and said where it happened.
  if (error instanceof Problem) return refusalOf([], status);
  log.error({ err: error, interactionId, route: request.routeOptions.url }, "request failed");
  return refusalOf([], 500);
}

/** The faults of a request that fastify refused, one per field. */
function faultsOf({ message = "The request cannot be read.", ...error }: FrameworkError): ObukFault[] {
  if (error.validation === undefined) return [{ reason: "InvalidFormat", message }];
  return error.validation.map(({ instancePath, message: text = "is not valid" }) => {
    const path = instancePath.replace(/^\//, "").replaceAll("/", ".");
    const where = path === "" ? (error.validationContext ?? "body") : path;
    return { reason: "FieldInvalid", message: `${where} ${text}`, path: where };
  });
}
