import { publicEncrypt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createClient, type Client } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { clusterRoleBindings, namespaces, serviceAccounts } from "../../kube/resources.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { freePorts } from "../../local/testing/free-ports.ts";
import { startOpenBao } from "../../local/testing/openbao.ts";
import { createAuthority } from "../../local/toolchain/certificate.ts";
import { until } from "../../local/wait.ts";
import { KeyStoreError } from "../error.ts";
import { OAEP_HASH, type OpeningKey } from "../opener.ts";
import { allowedIn } from "../testing/allowed-in.ts";
import { tokenOf } from "../testing/service-account-token.ts";
import { accountOpenerName } from "./account-key.ts";
import { type CallOutcome, OpenBao, type OpenBaoOptions } from "./client.ts";
import { OPEN_BAO_AUDIENCE } from "./settings.ts";
import { openTransitKey } from "./transit.ts";
import { transitOpeners } from "./transit-opener.ts";

const bao = await startOpenBao();
const BYTES = Buffer.from("to be signed");
let allowed: OpenBaoOptions;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  if (bao === undefined) return;
  allowed = await allowedIn(bao, {
    "keys/*": ["read"],
    "sign/*": ["update"],
    "keys/secret": ["deny"],
  });
  await bao.root("POST", "transit/keys/audit", { type: "ed25519" });
  await bao.root("POST", "transit/keys/secret", { type: "ed25519" });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => bao?.stop());

function connected(changes: Partial<OpenBaoOptions> = {}): OpenBao {
  const made = new OpenBao({ ...allowed, ...changes });
  closing.push(() => made.close());
  return made;
}

async function auditKey(changes: Partial<OpenBaoOptions> = {}, everyMs = 20) {
  const looks: unknown[] = [];
  const keys = await openTransitKey(
    connected(changes),
    { name: "audit", algorithm: "EdDSA", version: 1 },
    { everyMs, onLook: (error) => looks.push(error) },
  );
  closing.push(() => keys.stop());
  return { keys, looks };
}

const refusal = (work: Promise<unknown>): Promise<KeyStoreError> =>
  work.then(
    () => expect.unreachable("the store did what it should refuse"),
    (error: unknown) => {
      if (error instanceof KeyStoreError) return error;
      throw error;
    },
  );

describe.skipIf(bao === undefined)("OpenBao (skipped where pip cannot bring it)", () => {
  test("while it is sealed, public keys stay known and signing fails in bounded time, as metrics say; then it goes on", async () => {
    const calls: CallOutcome[] = [];
    const { keys, looks } = await auditKey({
      deadlineMs: 10_000,
      attemptMs: 30_000,
      onCall: (call) => calls.push(call),
    });
    const [published] = keys.all();
    await bao?.seal();
    try {
      const error = await refusal(keys.current().sign(BYTES));
      expect(error).toMatchObject({ reason: "away", retryable: true });
      expect(error.message).toContain("cannot sign now");
      await until(async () => looks.length > 0, { timeout: 60_000, every: 10, what: "a look that fails" });
      expect(keys.all()).toEqual([published]);
      expect(calls.some(({ operation, code }) => operation === "sign" && code === "503")).toBe(true);
    } finally {
      await bao?.unseal();
    }
    await until(() => keys.current().sign(BYTES), { timeout: 60_000, every: 20, what: "a signature again" });
    await until(async () => looks.length >= 2 && looks.at(-1) === undefined, {
      timeout: 60_000,
      every: 20,
      what: "looks that succeed again",
    });
    expect(looks[0]).toBeInstanceOf(KeyStoreError);
  });

  test("a store that nobody answers for, and one that is silent, are away after the deadline", async () => {
    const [port = 0] = await freePorts(1);
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    closing.push(() => silent.close());
    const { port: silentPort } = silent.address() as { readonly port: number };
    for (const address of [`https://localhost:${port}`, `https://localhost:${silentPort}`]) {
      const error = await refusal(auditKey({ address, deadlineMs: 200, attemptMs: 100 }));
      expect(error).toMatchObject({ reason: "away" });
      expect(error.message).toContain(address);
    }
  });

  test("a server that another authority vouches for is not spoken with", async () => {
    const error = await refusal(
      auditKey({ caBundle: (await createAuthority("another", new Date())).certificate, deadlineMs: 200 }),
    );
    expect(error.reason).toBe("away");
  });

  test("more calls than it may wait for are refused at once", async () => {
    const { keys } = await auditKey({ calls: 2 }, 600_000);
    const results = await Promise.allSettled([1, 2, 3].map(() => keys.current().sign(BYTES)));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(results[2]).toMatchObject({ reason: { reason: "busy", retryable: true } });
  });

  test("a token that was taken back is exchanged for another within the call", async () => {
    const { keys } = await auditKey({}, 600_000);
    await bao?.root("POST", "sys/leases/revoke-prefix/auth/pods", {});
    await expect(keys.current().sign(BYTES)).resolves.toHaveLength(64);
  });

  test("a key that is an identity signs with its version, however often it is rotated, and says when that is archived", async () => {
    const first = (await auditKey()).keys.current().id;
    await bao?.root("POST", "transit/keys/audit/rotate", {});
    const { keys } = await auditKey();
    expect(keys.current().id).toBe(first);
    expect(keys.all().map(({ id }) => id)).toEqual([expect.any(String), first]);
    await bao?.root("POST", "transit/keys/audit/config", { min_decryption_version: 2 });
    try {
      const error = await refusal(auditKey());
      expect(error.message).toContain(
        "Version 1 of transit/keys/audit is archived; lower min_decryption_version",
      );
    } finally {
      await bao?.root("POST", "transit/keys/audit/config", { min_decryption_version: 1 });
    }
  });

  test("each mistake of an installation is said with what to do", async () => {
    const opened = (name: string, changes: Partial<OpenBaoOptions> = {}) =>
      refusal(openTransitKey(connected(changes), { name, algorithm: "ES256" }));
    const { message: absent } = await opened("absent");
    expect(absent).toContain(
      "has no key transit/keys/absent; make it: bao write -f transit/keys/absent type=ecdsa-p256",
    );
    expect((await opened("audit")).message).toContain(
      "is a key of type ed25519; name one of type ecdsa-p256",
    );
    expect((await opened("secret")).message).toContain("does not let role signer read transit/keys/secret");
    expect((await opened("audit", { role: "stranger" })).message).toContain("as role stranger");
    const elsewhere = await opened("audit", { mount: "elsewhere" });
    expect(elsewhere.message).toContain("elsewhere/keys/audit");
    for (const { retryable } of [elsewhere, await opened("absent")]) expect(retryable).toBe(false);
  });

  test("no error quotes a token", async () => {
    const jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.canary-of-a-token";
    const error = await refusal(auditKey({ serviceAccountToken: async () => `${jwt}\n` }));
    expect(error.reason).toBe("refused");
    expect(JSON.stringify([error.message, String(error.cause), error.stack])).not.toContain("canary");
  });
});

describe.skipIf(bao === undefined)("the Kubernetes method of OpenBao, with a real API server", () => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await startControlPlane();
  });
  afterAll(() => cluster?.stop());

  /** As docs/trust.md says it: one role and one policy for all stacks, whose keys are named as stack and service. */
  async function asDocumented(client: Client, { server, authority }: ControlPlane): Promise<void> {
    const reviewer = { namespace: "wekeza-region", name: "openbao" };
    for (const namespace of [reviewer.namespace, "stack-ke", "stack-ug"])
      await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    for (const { namespace, name } of [
      reviewer,
      ...["ke", "ug"].map((each) => ({ namespace: `stack-${each}`, name: "audit" })),
      ...["events", "oauth"].map((name) => ({ namespace: "stack-ke", name })),
    ])
      await client.create(serviceAccounts, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { namespace, name },
      });
    await client.create(clusterRoleBindings, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "openbao" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", ...reviewer }],
    });
    await bao?.root("POST", "sys/auth/kubernetes", { type: "kubernetes" });
    await bao?.root("POST", "auth/kubernetes/config", {
      kubernetes_host: server,
      kubernetes_ca_cert: authority,
      disable_local_ca_jwt: true,
      token_reviewer_jwt: await tokenOf(client, reviewer),
    });
    await bao?.root("POST", "auth/kubernetes/role/wekeza-stack", {
      bound_service_account_names: "audit,events,gateway,oauth",
      bound_service_account_namespaces: "stack-*",
      audience: "openbao",
      token_policies: ["wekeza-stack"],
      token_ttl: "20m",
    });
    const accessor = (await bao?.root("GET", "sys/auth"))?.data?.["kubernetes/"] as {
      readonly accessor: string;
    };
    const alias = `identity.entity.aliases.${accessor.accessor}.metadata`;
    const namespace = `{{${alias}.service_account_namespace}}`;
    const own = `${namespace}_{{${alias}.service_account_name}}`;
    const policy = [
      `path "transit/keys/${namespace}_*" { capabilities = ["read"] }`,
      `path "transit/keys/${namespace}-ptn-*" { capabilities = ["read"] }`,
      `path "transit/sign/${own}" { capabilities = ["update"] }`,
      `path "transit/sign/${own}/sha2-256" { capabilities = ["update"] }`,
      `path "transit/decrypt/${own}_wrapping" { capabilities = ["update"] }`,
    ].join("\n");
    await bao?.root("POST", "sys/policies/acl/wekeza-stack", { policy });
  }

  test("a pod's token for its audience signs with the key that is named as its stack and service, and no other", async () => {
    const client = createClient(kubeconfigCredentials(cluster.kubeconfig, { trusted: false }), {
      userAgent: "test",
    });
    closing.push(() => client.close());
    await asDocumented(client, cluster);
    await bao?.root("POST", "transit/keys/stack-ke_audit", { type: "ed25519" });
    await bao?.root("POST", "transit/keys/stack-ug_audit", { type: "ed25519" });
    const as = (account: string, audience = OPEN_BAO_AUDIENCE) =>
      connected({
        auth: "kubernetes",
        role: "wekeza-stack",
        serviceAccountToken: () => tokenOf(client, { namespace: "stack-ke", name: account }, [audience]),
      });
    const opened = (name: string, audience: string) =>
      openTransitKey(as("audit", audience), { name, algorithm: "EdDSA" });
    const keys = await opened("stack-ke_audit", OPEN_BAO_AUDIENCE);
    closing.push(() => keys.stop());
    await expect(keys.current().sign(BYTES)).resolves.toHaveLength(64);
    expect((await refusal(opened("stack-ug_audit", OPEN_BAO_AUDIENCE))).message).toContain(
      "allow it in the role's policy",
    );
    expect((await refusal(opened("stack-ke_audit", "another"))).message).toContain("with audience openbao");
    // The authorization server publishes what others of its namespace sign with, and those of its partners' own gateways.
    const foreign = ["stack-ke_events", "stack-ke-ptn-0123456789abcdef_gateway"];
    for (const name of [...foreign, "stack-ke-b_events"]) {
      await bao?.root("POST", `transit/keys/${name}`, { type: "ecdsa-p256" });
    }
    const openedBy = async (account: string, name: string) => {
      const found = await openTransitKey(as(account), { name, algorithm: "ES256" });
      closing.push(() => found.stop());
      return found.current();
    };
    await expect((await openedBy("events", "stack-ke_events")).sign(BYTES)).resolves.toHaveLength(64);
    for (const name of foreign) {
      const found = await openedBy("oauth", name);
      expect((await refusal(found.sign(BYTES))).message).toContain("does not let role wekeza-stack update");
    }
    expect((await refusal(openedBy("oauth", "stack-ke-b_events"))).reason).toBe("refused");

    // Customers' keys are opened by the audit service of the stack, and by nobody else that may read who they are sealed to.
    await bao?.root("POST", "transit/keys/stack-ke_audit_wrapping", { type: "rsa-3072" });
    await bao?.root("POST", "transit/keys/stack-ug_audit_wrapping", { type: "rsa-3072" });
    const opener = async (account: string, namespace = "stack-ke") =>
      (await transitOpeners(as(account), accountOpenerName(namespace, "audit")))[0] as OpeningKey;
    const box = publicEncrypt({ key: (await opener("audit")).publicKey, oaepHash: OAEP_HASH }, BYTES);
    expect(await (await opener("audit")).open(box)).toEqual(BYTES);
    const other = await opener("events");
    expect((await refusal(other.open(box))).message).toContain("does not let role wekeza-stack update");
    expect((await refusal(opener("audit", "stack-ug"))).reason).toBe("refused");
  });
});
