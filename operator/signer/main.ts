import { PARTNER_SIGNER, SERVICE_SIGNER } from "../csr/names.ts";
import { type CsrProcess, runCsrProcess } from "../csr/process.ts";
import { partnerCertificatesFrom } from "../csr/settings.ts";
import { CrlKeeper } from "./crl-keeper.ts";
import { mountedAuthority } from "./authority.ts";
import { partnerSigner, serviceSigner } from "./signer.ts";

const authority = mountedAuthority(process.env["CA_FOLDER"] ?? "/etc/wekeza/ca");

const processes: Readonly<Record<string, CsrProcess>> = {
  partner: {
    name: "partner-signer",
    signerName: PARTNER_SIGNER,
    visit: partnerSigner(partnerCertificatesFrom(process.env), authority),
    beside: (tools) =>
      new CrlKeeper({ ...tools, namespace: process.env["POD_NAMESPACE"] ?? "wekeza-signer", authority }),
  },
  service: { name: "service-signer", signerName: SERVICE_SIGNER, visit: serviceSigner(authority) },
};

const chosen = processes[process.argv[2] ?? ""];
if (!chosen) {
  process.stderr.write("usage: node operator/signer/main.ts partner|service\n");
  process.exit(2);
}
await runCsrProcess(chosen, process.env);
