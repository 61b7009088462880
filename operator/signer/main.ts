import pino from "pino";
import { Registry } from "prom-client";
import { PARTNER_SIGNER, SERVICE_SIGNER } from "../csr/names.ts";
import { type CsrProcess, runCsrProcess } from "../csr/process.ts";
import { partnerCertificatesFrom } from "../csr/settings.ts";
import { CrlKeeper } from "./crl-keeper.ts";
import { type AuthoritySource, mountedAuthority, storedAuthority } from "./authority.ts";
import { authorityKeys, keyStoreFrom } from "./key-store.ts";
import { partnerSigner, serviceSigner } from "./signer.ts";

const registry = new Registry();
const authority = authorityOf(process.env["CA_FOLDER"] ?? "/etc/wekeza/ca");

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
await runCsrProcess(chosen, process.env, registry);

/** Its certificate is a file, its key one beside it or in the installation's key store. */
function authorityOf(folder: string): AuthoritySource {
  const store = keyStoreFrom(process.env);
  if (store === undefined) return mountedAuthority(folder);
  const log = pino({ name: "key-store", level: process.env["LOG_LEVEL"] ?? "info" });
  return storedAuthority(folder, authorityKeys(store, { env: process.env, registry, log }));
}
