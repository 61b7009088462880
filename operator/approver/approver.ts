import { namespaces } from "../../kube/resources.ts";
import type { PartnerCertificates } from "../csr/partner-request.ts";
import { partnerRequestOf } from "../csr/partner-request.ts";
import { APPROVAL_LABEL } from "../csr/names.ts";
import type { CsrTools } from "../csr/process.ts";
import type { CsrWorkerOptions } from "../csr/worker.ts";
import { stageOf } from "../csr/condition.ts";
import { writeApproval } from "../csr/write.ts";
import { partners } from "../../crds/resources.ts";
import { type ApproverWorld, decideApproval } from "./decision.ts";

/** A request that waits is looked at again after this long, in ms: Partners and namespaces are read, not watched. */
const LOOK_AGAIN = 30_000;

/** Approves and denies partners' requests, one visit at a time. */
export function approver(settings: PartnerCertificates) {
  return ({ client, logger, count }: CsrTools): CsrWorkerOptions["visit"] =>
    async (csr) => {
      if (stageOf(csr) !== "pending") return {};
      const world = await observe(client, partnerRequestOf(csr));
      const condition = decideApproval(csr, world, settings);
      if (!condition) return { recheckAfter: LOOK_AGAIN };
      const written = await writeApproval(client, csr, condition);
      count(condition.type.toLowerCase());
      const { type: decision, message: why } = condition;
      logger.info({ csr: csr.metadata.name, partner: world.request, decision, why }, "request decided");
      return { written };
    };
}

async function observe(
  client: CsrTools["client"],
  request: ApproverWorld["request"],
): Promise<ApproverWorld> {
  if (!request) return { request, partner: undefined, automatic: false };
  const [partner, namespace] = await Promise.all([
    client.get(partners, { namespace: request.namespace, name: request.partner }),
    client.get(namespaces, { name: request.namespace }),
  ]);
  return { request, partner, automatic: namespace?.metadata.labels?.[APPROVAL_LABEL] === "automatic" };
}
