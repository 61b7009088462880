import "reflect-metadata";
import { webcrypto, X509Certificate } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PemConverter, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { parse, stringify } from "yaml";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import type { Manifest } from "../../kube/object.ts";
import { certificateSigningRequests, resourceTable } from "../../kube/resources.ts";
import { awaitObject } from "./await-object.ts";
import { StepFailed } from "./failure.ts";
import { NAMESPACE } from "./partner-resource.ts";
import { LABELS, userRoles, USERS, type UserName } from "./user-roles.ts";

/** Client certificates of the two persons end after a day; the next run makes new ones. */
const LIFE_SECONDS = 86_400;

/** A certificate with less than this left is made anew, in ms. */
const RENEW_BEFORE = 3_600_000;

const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** The kubeconfig file of a person. */
export function userKubeconfig(runFolder: string, user: UserName): string {
  return join(runFolder, `${user}.kubeconfig`);
}

/**
 * Makes the two persons of the quickstart: their rights, their namespace, and `sre.kubeconfig` and `compliance.kubeconfig`
 * with client certificates that the hub's API server signed. Quick and without a write where they are good already.
 *
 * @param adminKubeconfig file that may do everything in the hub.
 * @throws StepFailed when the hub is not there, or the platform not installed in it.
 */
export async function makeUsers(runFolder: string, adminKubeconfig: string, now: Date): Promise<void> {
  await makeUsersIn(runFolder, adminKubeconfig, now).catch((cause: unknown) => {
    throw new StepFailed("the two persons could not be made in the hub", {
      cause,
      next: "run `make up`, which starts the clusters and installs the platform",
    });
  });
}

async function makeUsersIn(runFolder: string, adminKubeconfig: string, now: Date): Promise<void> {
  const admin = createClient(await kubeconfigFileCredentials(adminKubeconfig), {
    userAgent: "quickstart-users",
  });
  try {
    const table = resourceTable();
    const namespace = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE, labels: LABELS },
    };
    for (const object of [namespace, ...userRoles()] as readonly Manifest[]) {
      await admin.apply(table.of(object), object, { fieldManager: "quickstart-users", force: true });
    }
    const template = await readFile(adminKubeconfig, "utf8");
    for (const user of USERS) {
      const path = userKubeconfig(runFolder, user);
      if (!(await isGood(path, template, now)))
        await writeKubeconfig(path, template, await certify(admin, user));
    }
  } finally {
    await admin.close();
  }
}

interface UserKey {
  readonly user: UserName;
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
}

/** Has the API server sign a client certificate: the key never leaves this process but for the kubeconfig. */
async function certify(admin: Client, user: UserName): Promise<UserKey> {
  const keys = await webcrypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [user] }],
    keys,
    signingAlgorithm: ES256,
  });
  const name = `quickstart-${user}-${webcrypto.randomUUID().slice(0, 8)}`;
  const created = await admin.create(certificateSigningRequests, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name, labels: LABELS },
    spec: {
      request: Buffer.from(request.toString("pem")).toString("base64"),
      signerName: "kubernetes.io/kube-apiserver-client",
      expirationSeconds: LIFE_SECONDS,
      usages: ["client auth"],
    },
  });
  const approved = {
    type: "Approved",
    status: "True",
    reason: "QuickstartAdmin",
    message: "A person of the quickstart.",
  } as const;
  await admin.replace(
    certificateSigningRequests,
    { ...created, status: { conditions: [approved] } },
    { subresource: "approval" },
  );
  const signed = await awaitObject(
    admin,
    certificateSigningRequests,
    { name },
    {
      timeout: 30_000,
      until: (csr) => csr?.status?.certificate !== undefined,
      describe: (csr) =>
        csr?.status?.conditions?.map(({ type, message }) => `${type}: ${message}`).join("; ") ?? "",
    },
  );
  const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { user, key, certificate: Buffer.from(signed?.status?.certificate ?? "", "base64").toString() };
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: Readonly<Record<string, unknown>>;
  }[];
  readonly users?: readonly { readonly user: { readonly "client-certificate-data"?: string } }[];
}

async function writeKubeconfig(
  path: string,
  template: string,
  { user, key, certificate }: UserKey,
): Promise<void> {
  const [cluster] = (parse(template) as Kubeconfig).clusters;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const text = stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": user,
    clusters: [cluster],
    users: [
      {
        name: user,
        user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) },
      },
    ],
    contexts: [{ name: user, context: { cluster: cluster?.name, user, namespace: NAMESPACE } }],
  });
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Whether a kubeconfig of an earlier run still fits: the same API server and authority, and a certificate with life left. */
async function isGood(path: string, template: string, now: Date): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return false;
  const [kept, present] = [parse(text) as Kubeconfig, parse(template) as Kubeconfig];
  if (JSON.stringify(kept.clusters[0]?.cluster) !== JSON.stringify(present.clusters[0]?.cluster))
    return false;
  const pem = Buffer.from(kept.users?.[0]?.user["client-certificate-data"] ?? "", "base64");
  return pem.length > 0 && new X509Certificate(pem).validToDate.getTime() - now.getTime() > RENEW_BEFORE;
}
