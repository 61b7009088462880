import { PARTNER_SIGNER } from "../csr/names.ts";
import { runCsrProcess } from "../csr/process.ts";
import { partnerCertificatesFrom } from "../csr/settings.ts";
import { approver } from "./approver.ts";

await runCsrProcess(
  { name: "approver", signerName: PARTNER_SIGNER, visit: approver(partnerCertificatesFrom(process.env)) },
  process.env,
);
