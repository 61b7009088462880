import { join } from "node:path";
import { webcrypto } from "node:crypto";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import { partners } from "../../crds/resources.ts";
import { awaitObject } from "./await-object.ts";
import { demoCustomer } from "./demo-customers.ts";
import { applyPartner, approve, awaitServed, requestToApprove } from "./enrolment.ts";
import { type FlowResult, runFlow } from "./flow.ts";
import type { Exchange } from "./http.ts";
import type { Journal } from "./journal.ts";
import { forgetPartner, type KeptPartner, keptPartner, makePartner } from "./partner-folder.ts";
import { NAMESPACE, partnerResource } from "./partner-resource.ts";
import { type Group, groupsNamed, nameServer, rootCertificate } from "./platform.ts";
import { lookupThrough } from "./resolver.ts";
import { enrolled, type EnrolledPartner } from "./session.ts";
import { makeUsers, userKubeconfig } from "./users.ts";

/** What a run of the quickstart is told. */
export interface QuickstartOptions {
  /** A failover group's name, or `all`. */
  readonly group: string;
  /** Forgets the partner of the last run and makes a new one. */
  readonly fresh: boolean;
  /** Where `make up` keeps kubeconfigs and the root certificate. */
  readonly runFolder: string;
  readonly onExchange?: ((exchange: Exchange) => void) | undefined;
}

/** File in the run folder with the root under which the platform's hosts are verified, PEM. */
export const ROOT_FILE = "root.pem";

/**
 * A partner's first day, end to end: keys, certificate, consent, accounts, a payment, withdrawal.
 *
 * @throws StepFailed at the first step that does not succeed.
 */
export async function quickstart(
  options: QuickstartOptions,
  journal: Journal,
): Promise<readonly FlowResult[]> {
  const { runFolder, onExchange } = options;
  const rootFile = join(runFolder, ROOT_FILE);
  const root = await journal.step(
    "the root that is believed",
    () => rootCertificate(rootFile),
    () => rootFile,
  );
  await journal.step("two persons with client certificates of the hub", () =>
    makeUsers(runFolder, join(runFolder, "hub.kubeconfig"), new Date()),
  );
  const [sre, compliance] = await Promise.all([
    connect(userKubeconfig(runFolder, "sre")),
    connect(userKubeconfig(runFolder, "compliance")),
  ]);
  try {
    const server = await journal.step(
      "name server out of the hub",
      () => nameServer(sre),
      (address) => address,
    );
    const groups = await groupsNamed(sre, options.group);
    const partner = await enrol(options, { sre, compliance, groups }, journal);
    const network = { lookup: lookupThrough(server), root, onExchange };
    const results: FlowResult[] = [];
    for (const group of groups) {
      journal.print(`\n${group.name}, ${group.api}`);
      results.push(await runFlow(group, partner, demoCustomer(group), network, journal));
    }
    return results;
  } finally {
    await Promise.all([sre.close(), compliance.close()]);
  }
}

async function connect(kubeconfig: string): Promise<Client> {
  return createClient(await kubeconfigFileCredentials(kubeconfig), { userAgent: "quickstart" });
}

interface Bank {
  readonly sre: Client;
  readonly compliance: Client;
  readonly groups: readonly Group[];
}

/** From keys to a partner that every gateway of the groups serves. */
async function enrol(
  { runFolder, fresh }: QuickstartOptions,
  { sre, compliance, groups }: Bank,
  journal: Journal,
): Promise<EnrolledPartner> {
  const folder = join(runFolder, "quickstart");
  if (fresh) await journal.step("the last partner is removed", () => remove(folder, sre));
  const kept = await journal.step(
    "keys and certificate request",
    () => keptOrNew(folder),
    ({ name }) => name,
  );
  const applied = await journal.step("Partner applied as user sre", async () => {
    const everywhere = await groupsNamed(sre, "all");
    const groups = everywhere.map(({ name }) => name);
    return applyPartner(sre, partnerResource(kept, { groups, roles: ["AISP", "PISP"] }));
  });
  const request = await journal.step(
    "certificate request seen by the operator",
    () => requestToApprove(sre, applied),
    (name) => name ?? "issued already",
  );
  if (request !== undefined) {
    await journal.step("request approved as user compliance", () => approve(compliance, request, new Date()));
  }
  const served = await journal.step(
    "certificate issued and served by every gateway",
    () =>
      awaitServed(
        sre,
        applied,
        groups.map(({ name }) => name),
      ),
    ({ status }) => `${status?.clientId}, until ${status?.certificateExpires}`,
  );
  return enrolled(served, kept.keys);
}

async function keptOrNew(folder: string): Promise<KeptPartner> {
  const kept = await keptPartner(folder);
  return kept ?? makePartner(folder, `demo-${webcrypto.randomUUID().slice(0, 8)}`);
}

async function remove(folder: string, sre: Client): Promise<void> {
  const kept = await keptPartner(folder);
  if (kept === undefined) return;
  const key = { namespace: NAMESPACE, name: kept.name };
  await sre.delete(partners, key);
  await awaitObject(sre, partners, key, {
    timeout: 60_000,
    until: (partner) => partner === undefined,
    describe: () => "it still waits for its finalizer",
  });
  await forgetPartner(folder);
}
