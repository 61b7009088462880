import { randomBytes } from "node:crypto";
import { namespaces, type CertificateSigningRequest } from "../../kube/resources.ts";
import { STACK_LABEL } from "../csr/names.ts";
import type { PartnerCertificates } from "../csr/partner-request.ts";
import type { CsrTools } from "../csr/process.ts";
import { requestingService } from "../csr/service-request.ts";
import type { CsrWorkerOptions, Visit } from "../csr/worker.ts";
import { writeApproval, writeCertificate, writeFailure } from "../csr/write.ts";
import type { AuthoritySource } from "./authority.ts";
import { issueCertificate, SERIAL_OCTETS } from "./certificate.ts";
import { decidePartner, decideService, type SignerDecision } from "./decision.ts";
import { validityFor } from "./profile.ts";

/** Signs partners' approved requests, one visit at a time. */
export function partnerSigner(settings: PartnerCertificates, authority: AuthoritySource) {
  return (tools: CsrTools): CsrWorkerOptions["visit"] =>
    async (csr) =>
      carryOut(decidePartner(csr, settings), csr, authority, tools);
}

/** Approves and signs requests of a stack's ServiceAccounts, one visit at a time. */
export function serviceSigner(authority: AuthoritySource) {
  return (tools: CsrTools): CsrWorkerOptions["visit"] =>
    async (csr) => {
      const service = requestingService(csr);
      const namespace = service && (await tools.client.get(namespaces, { name: service.namespace }));
      const stackNamespace = namespace?.metadata.labels?.[STACK_LABEL] !== undefined;
      return carryOut(decideService(csr, stackNamespace), csr, authority, tools);
    };
}

async function carryOut(
  decision: SignerDecision,
  csr: CertificateSigningRequest,
  source: AuthoritySource,
  { client, logger, count }: CsrTools,
): Promise<Visit> {
  const { name } = csr.metadata;
  switch (decision.do) {
    case "nothing":
      return {};
    case "state": {
      const { condition } = decision;
      const write = condition.type === "Failed" ? writeFailure : writeApproval;
      const written = await write(client, csr, condition);
      count(condition.type.toLowerCase());
      const who = { csr: name, requester: csr.spec.username };
      logger.info({ ...who, decision: condition.type, why: condition.message }, "request decided");
      return { written };
    }
    case "sign": {
      const { profile, publicKey } = decision;
      const authority = await source();
      const asked = { ...profile, expirationSeconds: csr.spec.expirationSeconds };
      const validity = validityFor(new Date(), asked, authority.validity);
      if (!validity) {
        const until = authority.validity.notAfter.toISOString();
        throw new Error(`The CA certificate holds until ${until} and cannot sign: renew its Secret.`);
      }
      const serial = randomBytes(SERIAL_OCTETS);
      const pem = await issueCertificate(authority, { profile, validity, publicKey, serial });
      const written = await writeCertificate(client, csr, pem);
      count("signed");
      const { commonName } = profile;
      const certificate = { commonName, serial: serial.toString("hex"), notAfter: validity.notAfter };
      logger.info({ csr: name, certificate }, "certificate issued");
      return { written };
    }
  }
}
