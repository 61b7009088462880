import type { PartnerEnrolment } from "../../crds/partner-enrolment.ts";
import type { ShardEnrolment } from "../../crds/shard.ts";
import { stageOf } from "../csr/condition.ts";
import { sha256Hex } from "../csr/names.ts";
import { approvedHashOf, type CertificateStatus } from "./certificate-status.ts";
import type { CertificateState } from "./certificates.ts";
import { statement, type PartnerCondition } from "./conditions.ts";
import { barredBy, enrolmentRest, type EnrolmentFacts, newestEnrolment } from "./enrolment.ts";
import { issuedCertificate } from "./issued-certificate.ts";
import { predecessorOf } from "./overlap.ts";
import type { GroupWorld } from "./world.ts";

/** A partner's certificates once what it asked for itself is counted in. */
export interface Enrolled {
  readonly certificates: readonly CertificateState[];
  readonly enrolment: PartnerEnrolment | undefined;
  /** The request that has to be made; undefined: none. */
  readonly request:
    | { readonly certificate: string; readonly request: string; readonly csr: string }
    | undefined;
  /** What there is to say about it. */
  readonly conditions: readonly PartnerCondition[];
  /** Milliseconds until time alone changes something. */
  readonly recheckAfter: number | undefined;
}

/** Takes in what the partner asked for itself, and the certificate once it is signed. */
export function withEnrolment(facts: EnrolmentFacts, now: Date): Enrolled {
  const enrolment = newestEnrolment(facts, now);
  const { certificates } = facts;
  const recheckAfter = enrolmentRest(facts, now);
  const base = { certificates, enrolment, request: undefined, recheckAfter };
  if (!enrolment) return { ...base, conditions: [] };
  if (enrolment.state !== "Pending") return { ...base, conditions: [conditionFor(enrolment, certificates)] };
  const { request = "", certificate = "", csr = "", over } = enrolment;
  const ended = (state: "Issued" | "Refused", message?: string): PartnerEnrolment => {
    const { csr: _csr, message: _message, ...rest } = enrolment;
    return { ...rest, state, ...(message === undefined ? {} : { message: message.slice(0, 1_000) }) };
  };
  const refused = (why: string): Enrolled => {
    const told = { ...ended("Refused", why), at: now.toISOString() };
    return { ...base, enrolment: told, conditions: [conditionFor(told, certificates)] };
  };
  // Whoever forbids it now means what still waits as well.
  const barred = barredBy(facts.partner.spec, enrolment.group);
  if (barred !== undefined) return refused(barred);
  const state = certificates.find(({ status }) => status.name === certificate);
  const held = state && [state.status.thumbprint, state.status.previous?.thumbprint].includes(over);
  if (!held || state.reason !== "Issued" || facts.revoked.has(over)) {
    return refused(`Certificate ${certificate} was changed meanwhile; ask the bank.`);
  }
  const found = facts.world.requests.get(request);
  const waiting = (reason: "AwaitingApproval" | "AwaitingSignature", message: string): Enrolled => ({
    ...base,
    conditions: [statement("Reenrolled", "False", { reason, message })],
  });
  const asked = `What the partner asked for itself over certificate ${certificate} in group ${enrolment.group}`;
  switch (found ? stageOf(found) : "absent") {
    case "absent":
      return {
        ...waiting("AwaitingApproval", `${asked} is being requested.`),
        request: { certificate, request, csr },
      };
    case "pending":
      return waiting(
        "AwaitingApproval",
        `${asked} waits for approval: kubectl certificate approve ${request}`,
      );
    case "approved":
      return waiting("AwaitingSignature", `${asked} is approved and waits for the signer.`);
    case "ended": {
      const conditions = found?.status?.conditions ?? [];
      const end = conditions.find(({ type }) => type === "Denied" || type === "Failed");
      return refused(`The bank refused it: ${end?.message || end?.reason || "no reason was given."}`);
    }
    case "issued": {
      const pem = Buffer.from(found?.status?.certificate ?? "", "base64").toString();
      const issued = issuedCertificate(pem, csr);
      if (typeof issued === "string") return refused(`The signer erred: ${issued}`);
      const status = { ...renewed(state.status, enrolment, now), request, pem, ...issued };
      const message = `Certificate ${certificate} is valid until ${issued.notAfter}.`;
      const all = certificates.map((each) => (each === state ? { ...state, status, message } : each));
      const told = ended("Issued");
      return { ...base, certificates: all, enrolment: told, conditions: [conditionFor(told, all)] };
    }
  }
}

/** What a certificate becomes. The one it was asked over stays beside it, its retirement not decided; any other goes. */
function renewed(
  status: CertificateStatus,
  { over, csrHash, group, at }: PartnerEnrolment,
  now: Date,
): CertificateStatus {
  const { name, previous, enrolled } = status;
  const { retires: _retires, ...before } = previous ?? {};
  const overCurrent = status.thumbprint === over;
  const predecessor = overCurrent ? predecessorOf(status, now) : (before as typeof previous);
  const older = (overCurrent ? enrolled?.lineage : previous?.lineage) ?? [];
  return {
    name,
    csrHash,
    enrolled: {
      instead: approvedHashOf(status) ?? "",
      lineage: [over, ...older].slice(0, 8),
      group,
      at,
    },
    ...(predecessor ? { previous: predecessor } : {}),
  };
}

function conditionFor(
  { state, certificate, group, at, message }: PartnerEnrolment,
  certificates: readonly CertificateState[],
): PartnerCondition {
  if (state === "Refused") {
    const why = `A certificate that was asked for in group ${group} was refused: ${message ?? ""}`;
    return statement("Reenrolled", "False", { reason: "ReenrolmentRefused", message: why });
  }
  const end = certificates.find(({ status }) => status.name === certificate)?.status.thumbprint;
  const said = `The partner renewed certificate ${certificate} itself in group ${group} at ${at}: ${end}. If it was not the partner, put that thumbprint into spec.revokedThumbprints and set reenrolment: Refused.`;
  return statement("Reenrolled", "True", { reason: "Reenrolled", message: said });
}

/**
 * What the gateways of a group answer the partner; undefined when nothing is to be said any more.
 *
 * Of two requests in two groups one is status's newest. Whoever still asks for the other hears how it ended: it lies in
 * its group as it did, was judged, and would be waited for until another took its place.
 */
export function answerFor(
  { enrolment, certificates }: Pick<Enrolled, "enrolment" | "certificates">,
  { name, enrolment: lies }: Pick<GroupWorld, "name" | "enrolment">,
): ShardEnrolment | undefined {
  if (!enrolment) return undefined;
  const there = lies && sha256Hex(lies.csr);
  const isOvertaken =
    there !== enrolment.csrHash &&
    enrolment.asked.some(({ group, csrHash }) => group === name && csrHash === there);
  const { csrHash, state, message } = isOvertaken ? overtaken(there, certificates) : enrolment;
  if (state === "Pending") return { csrHash, state };
  if (state === "Refused") return { csrHash, state, message: message ?? "It was refused." };
  const pem = certificates.find(({ status }) => status.csrHash === csrHash)?.status.pem;
  return pem === undefined ? undefined : { csrHash, state, pem };
}

/** How a request ended after which another was taken: it is what the certificate is by now, or nothing came of it. */
function overtaken(
  csrHash = "",
  certificates: Enrolled["certificates"],
): Pick<PartnerEnrolment, "csrHash" | "state" | "message"> {
  return certificates.some(({ status }) => status.enrolled && status.csrHash === csrHash)
    ? { csrHash, state: "Issued" }
    : { csrHash, state: "Refused", message: "A later request, in another group, took its place." };
}
