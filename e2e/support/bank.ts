import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import { awaitObject } from "../../cli/quickstart/await-object.ts";
import { applyPartner, approve, awaitServed, requestToApprove } from "../../cli/quickstart/enrolment.ts";
import { createPartnerKeys } from "../../cli/quickstart/partner-keys.ts";
import { NAMESPACE, partnerResource, type PartnerWish } from "../../cli/quickstart/partner-resource.ts";
import { type Group, groupsNamed, nameServer, rootCertificate } from "../../cli/quickstart/platform.ts";
import { ROOT_FILE } from "../../cli/quickstart/quickstart.ts";
import { lookupThrough } from "../../cli/quickstart/resolver.ts";
import { enrolled, type EnrolledPartner, type Network } from "../../cli/quickstart/session.ts";
import { makeUsers, userKubeconfig } from "../../cli/quickstart/users.ts";
import { type PartnerObject, partners } from "../../crds/resources.ts";
import { type Clusters, kubeconfigFile, openClusters } from "./clusters.ts";

/** The running platform as tests use it: administrators of the clusters, the two persons, and the partners' network. */
export interface Bank extends Clusters {
  readonly sre: Client;
  readonly compliance: Client;
  /** Sorted by name: east-africa, europe. */
  readonly groups: readonly Group[];
  readonly network: Network;
}

/** @throws Error that says to run `make up`, when the platform is not there. */
export async function openBank(): Promise<Bank> {
  const clusters = await openClusters();
  const { runFolder } = clusters;
  await makeUsers(runFolder, kubeconfigFile(runFolder, "hub"), new Date());
  const user = async (name: "sre" | "compliance") =>
    createClient(await kubeconfigFileCredentials(userKubeconfig(runFolder, name)), { userAgent: "e2e" });
  const [sre, compliance] = await Promise.all([user("sre"), user("compliance")]);
  const root = await rootCertificate(join(runFolder, ROOT_FILE));
  return {
    ...clusters,
    sre,
    compliance,
    groups: await groupsNamed(sre, "all"),
    network: { lookup: lookupThrough(await nameServer(sre)), root },
    close: async () => {
      await Promise.all([clusters.close(), sre.close(), compliance.close()]);
    },
  };
}

/** The group of that name. @throws Error when the platform has none. */
export function groupNamed(bank: Bank, name: string): Group {
  const group = bank.groups.find((each) => each.name === name);
  if (group === undefined) throw new Error(`The platform has no FailoverGroup ${name}.`);
  return group;
}

/** A partner a test made, with its resource as served. */
export interface TestPartner extends EnrolledPartner {
  readonly name: string;
  readonly resource: PartnerObject;
}

/** Makes a partner with new keys, has it approved, and waits until every gateway serves it. */
export async function enrolPartner(
  bank: Bank,
  prefix: string,
  wish: Pick<PartnerWish, "rateLimit" | "roles"> = {},
): Promise<TestPartner> {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  const keys = await createPartnerKeys(name);
  const groups = bank.groups.map((group) => group.name);
  const displayName = `Test ${name}`.slice(0, 64);
  const applied = await applyPartner(
    bank.sre,
    partnerResource({ name, keys }, { ...wish, groups, displayName }),
  );
  const request = await requestToApprove(bank.sre, applied);
  if (request !== undefined) await approve(bank.compliance, request, new Date());
  const resource = await awaitServed(bank.sre, applied, groups);
  return { ...enrolled(resource, keys), name, resource };
}

/** Deletes a partner and waits until its finalizer has let it go. Safe to repeat. */
export async function removePartner(bank: Bank, name: string): Promise<void> {
  const key = { namespace: NAMESPACE, name };
  await bank.sre.delete(partners, key);
  await awaitObject(bank.sre, partners, key, { timeout: 60_000, until: (partner) => partner === undefined });
}

/** Changes fields of a partner's spec, as an SRE would. */
export async function changePartner(
  bank: Bank,
  name: string,
  spec: Partial<PartnerObject["spec"]>,
): Promise<PartnerObject> {
  return bank.sre.patch(partners, { namespace: NAMESPACE, name }, { merge: { spec } });
}
