import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import { namespaces } from "../../kube/resources.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { makeUsers, userKubeconfig } from "./users.ts";
import type { UserName } from "./user-roles.ts";

let folder: string;
let controlPlane: ControlPlane;
let clients: Readonly<Record<UserName, Client>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "users-"));
  controlPlane = await startControlPlane({ controllerManager: true });
  const admin = join(folder, "hub.kubeconfig");
  await writeFile(admin, controlPlane.kubeconfig);
  const client = createClient(await kubeconfigFileCredentials(admin), { userAgent: "test" });
  const dns = { apiVersion: "v1", kind: "Namespace", metadata: { name: "wekeza-dns" } };
  await client.create(namespaces, dns);
  await client.close();
  await makeUsers(folder, admin, new Date());
  const connect = async (user: UserName) =>
    createClient(await kubeconfigFileCredentials(userKubeconfig(folder, user)), { userAgent: "test" });
  clients = { sre: await connect("sre"), compliance: await connect("compliance") };
});

afterAll(async () => {
  await Promise.all([clients.sre.close(), clients.compliance.close()]);
  await controlPlane?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What the API server says the user may do; `resource` as `group/plural[/subresource]`. */
async function may(
  user: UserName,
  verb: string,
  path: string,
  namespace?: string,
  name?: string,
): Promise<boolean> {
  const [group, resource, subresource] = path.split("/");
  const { body } = await clients[user].raw({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb, group, resource, subresource, namespace, name } },
    },
    repeatable: true,
  });
  return (body as { status: { allowed: boolean } }).status.allowed;
}

const WEKEZA = "openbanking.wekeza.io";
const SIGNER = `${WEKEZA}/partner-mtls`;

describe("each person may do their part and not the other's", () => {
  test.each([
    {
      what: "apply Partners",
      ask: ["patch", `${WEKEZA}/partners`, "quickstart"],
      sre: true,
      compliance: false,
    },
    { what: "read Partners", ask: ["get", `${WEKEZA}/partners`, "quickstart"], sre: true, compliance: true },
    { what: "delete Regions", ask: ["delete", `${WEKEZA}/regions`], sre: true, compliance: false },
    {
      what: "approve requests",
      ask: ["update", "certificates.k8s.io/certificatesigningrequests/approval"],
      sre: false,
      compliance: true,
    },
    {
      what: "approve for the partner signer",
      ask: ["approve", "certificates.k8s.io/signers", undefined, SIGNER],
      sre: false,
      compliance: true,
    },
    {
      what: "approve for the API server's signer",
      ask: ["approve", "certificates.k8s.io/signers", undefined, "kubernetes.io/kube-apiserver-client"],
      sre: false,
      compliance: false,
    },
    {
      what: "label a namespace",
      ask: ["patch", "/namespaces", undefined, "quickstart"],
      sre: false,
      compliance: false,
    },
    {
      what: "read the name server's Service",
      ask: ["list", "/services", "wekeza-dns"],
      sre: true,
      compliance: false,
    },
    {
      what: "read other Services",
      ask: ["list", "/services", "wekeza-system"],
      sre: false,
      compliance: false,
    },
    { what: "read Secrets", ask: ["get", "/secrets", "quickstart"], sre: false, compliance: false },
    {
      what: "sign by themselves",
      ask: ["update", "certificates.k8s.io/certificatesigningrequests/status"],
      sre: false,
      compliance: false,
    },
  ])("$what: sre $sre, compliance $compliance", async ({ ask, sre, compliance }) => {
    const [verb = "", path = "", namespace, name] = ask;
    expect({
      sre: await may("sre", verb, path, namespace, name),
      compliance: await may("compliance", verb, path, namespace, name),
    }).toEqual({ sre, compliance });
  });
});

test("a second call keeps the files, and one after their end renews them", async () => {
  const file = userKubeconfig(folder, "sre");
  const admin = join(folder, "hub.kubeconfig");
  const first = await readFile(file, "utf8");
  await makeUsers(folder, admin, new Date());
  expect(await readFile(file, "utf8")).toBe(first);
  await makeUsers(folder, admin, new Date(Date.now() + 86_400_000));
  expect(await readFile(file, "utf8")).not.toBe(first);
});
