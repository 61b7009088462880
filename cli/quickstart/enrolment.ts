import type { Client } from "../../kube/client.ts";
import { type CertificateSigningRequest, certificateSigningRequests } from "../../kube/resources.ts";
import { consentPolicies, type PartnerObject, partners } from "../../crds/resources.ts";
import { awaitObject } from "./await-object.ts";
import { StepFailed } from "./failure.ts";
import { consentPolicy } from "./partner-resource.ts";

const FIELD_MANAGER = "quickstart";

/** Longest wait for the operator and the signer; a second or two on a quiet machine. */
const PATIENCE = 90_000;

/** Applies the policy and the Partner, as an SRE would with `kubectl apply`. */
export async function applyPartner(sre: Client, partner: PartnerObject): Promise<PartnerObject> {
  const options = { fieldManager: FIELD_MANAGER, force: true };
  const policy = consentPolicy(partner.metadata.namespace);
  try {
    await sre.apply(consentPolicies, policy, options);
    return (await sre.apply(partners, partner, options)).object;
  } catch (cause) {
    throw new StepFailed(`the API server refused the Partner ${partner.metadata.name}`, {
      cause,
      next: "read its answer; `kubectl explain partner.spec` says what each field takes",
    });
  }
}

/**
 * Waits until the partner's certificate is issued or its request waits for a person.
 *
 * @returns the name of the CertificateSigningRequest to approve, or undefined when there is a certificate already.
 */
export async function requestToApprove(sre: Client, applied: PartnerObject): Promise<string | undefined> {
  const found = await awaitPartner(sre, applied, (partner) => {
    const certificate = partner.status?.certificates?.[0];
    return certificate?.pem !== undefined || certificate?.request !== undefined;
  });
  const certificate = found.status?.certificates?.[0];
  return certificate?.pem === undefined ? certificate?.request : undefined;
}

/**
 * Approves a certificate request, as `kubectl certificate approve` does. Safe to repeat.
 *
 * @param compliance someone other than who applied the Partner: four eyes.
 */
export async function approve(compliance: Client, request: string, now: Date): Promise<void> {
  const found = await awaitRequest(compliance, request);
  if (found.status?.conditions?.some(({ type }) => type === "Approved") === true) return;
  const approved = {
    type: "Approved",
    status: "True",
    reason: "QuickstartCompliance",
    message: "The person who checks partners found this request in order.",
    lastUpdateTime: now.toISOString(),
  } as const;
  await compliance.replace(
    certificateSigningRequests,
    { ...found, status: { ...found.status, conditions: [...(found.status?.conditions ?? []), approved] } },
    { subresource: "approval", fieldManager: FIELD_MANAGER },
  );
}

/** The operator names a request in status before it makes it. */
async function awaitRequest(compliance: Client, name: string): Promise<CertificateSigningRequest> {
  const options = { timeout: PATIENCE, until: (request: unknown) => request !== undefined };
  const found = await awaitObject(compliance, certificateSigningRequests, { name }, options).catch(
    (cause: unknown) => {
      throw new StepFailed(`there is no CertificateSigningRequest ${name}`, {
        cause,
        next: "the API server deletes requests nobody approved within a day: run the quickstart with --fresh",
      });
    },
  );
  if (found === undefined) throw new Error(`The CertificateSigningRequest ${name} is not there.`);
  return found;
}

/**
 * Waits until the certificate is there and every gateway of the groups serves the partner as applied.
 *
 * @param groups those that are going to be used; others may be away.
 */
export async function awaitServed(
  sre: Client,
  applied: PartnerObject,
  groups: readonly string[],
): Promise<PartnerObject> {
  return awaitPartner(sre, applied, ({ status, metadata }) => {
    const served = (name: string) =>
      status?.groups?.some((group) => group.name === name && group.served) === true;
    const current = status?.observedGeneration === metadata.generation;
    return current && status?.certificates?.[0]?.pem !== undefined && groups.every(served);
  });
}

async function awaitPartner(
  sre: Client,
  { metadata: { namespace, name } }: PartnerObject,
  arrived: (partner: PartnerObject) => boolean,
): Promise<PartnerObject> {
  try {
    const found = await awaitObject(
      sre,
      partners,
      { namespace, name },
      {
        timeout: PATIENCE,
        until: (partner) => partner !== undefined && (stalledBy(partner) !== undefined || arrived(partner)),
        describe: lastWord,
      },
    );
    const stalled = found === undefined ? "it was deleted" : stalledBy(found);
    if (found === undefined || stalled !== undefined) throw new Error(`the Partner is stalled: ${stalled}`);
    return found;
  } catch (cause) {
    throw new StepFailed(`the Partner ${namespace}/${name} did not get ready`, {
      cause,
      next: `look at it with \`kubectl describe partner ${name} --namespace ${namespace}\`; its conditions say what it waits for`,
    });
  }
}

/** Why the operator gave up on this generation, if it did. */
function stalledBy({ metadata, status }: PartnerObject): string | undefined {
  return status?.conditions?.find(
    ({ type, status: holds, observedGeneration }) =>
      type === "Stalled" && holds === "True" && observedGeneration === metadata.generation,
  )?.message;
}

function lastWord(partner: PartnerObject | undefined): string {
  const ready = partner?.status?.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined ? "the operator has not looked at it yet" : `${ready.reason}: ${ready.message}`;
}
