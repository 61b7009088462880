import type { CertificateSigningRequest } from "../../kube/resources.ts";
import { requestText } from "./condition.ts";
import { allowedForService, type ServiceIdentity } from "./names.ts";
import type { RequestFinding } from "./partner-request.ts";
import { type CsrVerdict, judgeCsr } from "./policy.ts";

/** Usages (`spec.usages`) a service's request may name. */
const USAGES = ["digital signature", "client auth", "server auth"];

const SERVICE_ACCOUNT =
  /^system:serviceaccount:([a-z0-9](?:[-a-z0-9]*[a-z0-9])?):([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)$/;

/** The ServiceAccount that asks, as the API server authenticated it; undefined for everybody else. */
export function requestingService({ spec }: CertificateSigningRequest): ServiceIdentity | undefined {
  const [, namespace, serviceAccount] = SERVICE_ACCOUNT.exec(spec.username ?? "") ?? [];
  return namespace === undefined || serviceAccount === undefined ? undefined : { namespace, serviceAccount };
}

/**
 * Judges a service's CertificateSigningRequest: a ServiceAccount of a stack asks for its own name and no other.
 *
 * @param stackNamespace whether the requester's namespace is a stack's.
 */
export function judgeServiceRequest(
  csr: CertificateSigningRequest,
  stackNamespace: boolean,
): CsrVerdict | { readonly ok: false; readonly finding: RequestFinding } {
  const refuse = (check: RequestFinding["check"], message: string) =>
    ({ ok: false, finding: { check, message } }) as const;
  const service = requestingService(csr);
  if (!service) {
    return refuse(
      "requester",
      `Requested by ${csr.spec.username ?? ""}, who is no ServiceAccount of a stack.`,
    );
  }
  if (!stackNamespace) {
    return refuse("requester", `Namespace ${service.namespace} of the requester is not a stack's.`);
  }
  const usage = csr.spec.usages.find((each) => !USAGES.includes(each));
  if (usage !== undefined) {
    return refuse("usages", `The usage ${usage} is not given; only ${USAGES.join(", ")}.`);
  }
  return judgeCsr(requestText(csr), allowedForService(service));
}
