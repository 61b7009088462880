import "reflect-metadata";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consentPolicies, failoverGroups, type PartnerObject, partners, regions } from "../crds/resources.ts";
import { allowedIn } from "../key-store/testing/allowed-in.ts";
import { systemClock } from "../kube/clock.ts";
import { conditionOf } from "../kube/condition.ts";
import { kubeconfigCredentials } from "../kube/kubeconfig.ts";
import { silent } from "../kube/logger.ts";
import { secrets } from "../kube/resources.ts";
import { startOpenBao } from "../local/testing/openbao.ts";
import { until } from "../local/wait.ts";
import { signatureCheck } from "../runtime/service/signature.ts";
import { parseOperatorConfig } from "./config.ts";
import { APPROVAL_LABEL, clientIdOf } from "./csr/names.ts";
import { requestPem } from "./csr/testing/requests.ts";
import { ZONE } from "./csr/testing/signing-request.ts";
import { startOperator } from "./operator.ts";
import type { ShardSigner } from "./shard-signer.ts";
import { authorityFrom } from "./signer/authority.ts";
import { type AuthorityKeyStore, keyStoreFrom } from "./signer/key-store.ts";
import { testAuthority } from "./signer/testing/authority.ts";
import { loadShardSigner, SIGNING_SECRET } from "./signing-key.ts";
import { storedShardSigner } from "./stored-signing-key.ts";
import { testGroup, testPolicy, testRegion } from "./testing/group.ts";
import { type Hub, startHub } from "./testing/hub.ts";
import { startTestOperator, type TestOperator } from "./testing/operator.ts";
import { testPartner } from "./testing/partner.ts";
import { startStackPod, type StackPod } from "./testing/stack-pod.ts";

const bao = await startOpenBao();
const ACME = clientIdOf("partners", "acme");

describe.skipIf(bao === undefined)(
  "an operator whose signing key is in OpenBao (skipped where pip cannot bring it)",
  () => {
    let hub: Hub;
    let folder: string;
    let store: AuthorityKeyStore;
    let operator: TestOperator;
    let gateway: StackPod;
    let start: (signer: ShardSigner) => Promise<TestOperator>;
    let registry: Registry;

    // What fails is tried again, so a busy machine makes it only slower.
    const SHORT = { deadlineMs: 3_000, attemptMs: 3_000 };
    // Who was told before goes on with that instead: the store must not seem away for being slow.
    const LONG = { deadlineMs: 40_000, attemptMs: 20_000 };

    /** As a process does at its start. */
    function opened(
      namespace = "default",
      change: Partial<AuthorityKeyStore> = {},
      patience = SHORT,
    ): Promise<ShardSigner> {
      registry = new Registry();
      return storedShardSigner(
        hub.admin,
        namespace,
        { ...store, ...change },
        {
          env: { WEKEZA_KEY_STORE_TOKEN: join(folder, "token") },
          registry,
          log: silent,
          patience,
        },
      );
    }

    beforeAll(async () => {
      if (bao === undefined) return;
      folder = await mkdtemp(join(tmpdir(), "stored-signing-key-"));
      const [allowed] = await Promise.all([allowedIn(bao), startHub().then((made) => (hub = made))]);
      await writeFile(join(folder, "token"), await allowed.serviceAccountToken());
      await bao.root("POST", "transit/keys/shard-signing-key", { type: "ed25519" });
      const { address, caBundle, mount, auth, role } = allowed;
      const settings = { address, caBundle, mount, auth, role, key: "shard-signing-key", version: 1 };
      store = keyStoreFrom({ KEY_STORE: JSON.stringify(settings) }) as AuthorityKeyStore;
      const ca = await testAuthority(ZONE);
      const authority = await authorityFrom(ca.intermediate, ca.intermediateKey);
      const certificates = { zone: ZONE, requester: "admin" };
      start = (signer) =>
        startTestOperator(
          hub.plane.kubeconfig,
          certificates,
          () => Promise.resolve(authority),
          systemClock,
          signer,
        );
      await hub.namespace("partners", { [APPROVAL_LABEL]: "automatic" });
      await hub.namespace("stack-ke");
      await hub.admin.create(consentPolicies, testPolicy());
      await hub.admin.create(regions, testRegion("ke"));
      await hub.admin.create(failoverGroups, testGroup("ke"));
      operator = await start(await opened());
      gateway = startStackPod(hub.admin, "gateway", { group: "ke", signer: operator.signer });
    });
    afterAll(async () => {
      await gateway?.stop();
      await operator?.stop();
      await operator?.signer.stop();
      await hub?.stop();
      await bao?.stop();
      if (folder !== undefined) await rm(folder, { recursive: true });
    });

    function says(name: string, type: string, status: string, reason: string): Promise<PartnerObject> {
      return until(
        async () => {
          const found = await hub.admin.get(partners, { namespace: "partners", name });
          const condition = conditionOf(found?.status?.conditions, type);
          return condition?.status === status && condition.reason === reason ? found : undefined;
        },
        { timeout: 60_000, every: 50, what: `Partner ${name} to say ${type}=${status} ${reason}` },
      );
    }

    /** An operator that was never told of its key begins, waits for the store, and is to end. */
    function toldToStopWhileItWaits(): Promise<unknown> {
      const stopping = new AbortController();
      const images = { wekeza: "a/wekeza:1", postgres: "a/postgres:1", redis: "a/redis:1" };
      return startOperator({
        config: parseOperatorConfig(JSON.stringify({ images, zone: "z.test", partnerZone: ZONE }), "config"),
        credentials: kubeconfigCredentials(hub.plane.kubeconfig, { trusted: false }),
        identity: "waits",
        logger: { ...silent, warn: () => stopping.abort(new Error("told to stop")) },
        registry: new Registry(),
        env: { KEY_STORE: JSON.stringify(store), WEKEZA_KEY_STORE_TOKEN: join(folder, "token") },
        signal: stopping.signal,
      });
    }

    const signatures = async (): Promise<string | undefined> =>
      (await registry.metrics())
        .split("\n")
        .find((line) => line.includes('count{operation="sign",code="200"}'));

    test("has Partners served by what the store signs, keeps its public half alone, and signs nothing twice", async () => {
      await hub.admin.create(partners, testPartner(await requestPem()));
      await says("acme", "Ready", "True", "Live");
      expect(gateway.directory.partner(ACME)?.clientId).toBe(ACME);
      const secret = await hub.admin.get(secrets, { namespace: "default", name: SIGNING_SECRET });
      expect(Object.keys(secret?.data ?? {})).toEqual(["public.json"]);
      await until(async () => (gateway.directory.roster()?.partners[0]?.minimumVersion ?? 0) > 1, {
        timeout: 30_000,
        what: "the roster to settle",
      });
      const before = await signatures();
      expect(before).toBeDefined();
      expect(await operator.secondPass("acme")).toBe(0);
      expect(await signatures()).toBe(before);
    });

    test("says what waits while the store is sealed, does the rest, begins anew, and makes up for it", async () => {
      await bao?.seal();
      try {
        await hub.admin.patch(
          partners,
          { namespace: "partners", name: "acme" },
          { merge: { spec: { suspended: true } } },
        );
        const { status } = await says("acme", "Suspended", "False", "KeyStoreAway");
        expect(conditionOf(status?.conditions, "Suspended")?.message).toContain(
          "see that it runs, is unsealed",
        );
        const { metadata, ...beta } = testPartner(await requestPem());
        await hub.admin.create(partners, { ...beta, metadata: { ...metadata, name: "beta" } });
        await says("beta", "CertificateIssued", "True", "Issued");
        await says("beta", "Synced", "False", "KeyStoreAway");

        const { trust } = operator.signer;
        await operator.stop();
        await operator.signer.stop();
        operator = await start(await opened());
        expect(operator.signer.trust).toEqual(trust);
        await expect(toldToStopWhileItWaits()).rejects.toThrow("told to stop");
        expect(gateway.directory.partner(ACME)?.suspended).toBe(false);
      } finally {
        await bao?.unseal();
      }
      await until(async () => gateway.directory.partner(ACME)?.suspended === true || undefined, {
        timeout: 60_000,
        every: 10,
        what: "acme to be suspended",
      });
      await says("acme", "Suspended", "True", "Suspended");
      await says("beta", "Ready", "True", "Live");
    });

    test("has the next version trusted before it signs, and the last one until it is archived", async () => {
      const kids = ({ trust }: ShardSigner) => trust.keys.map(({ kid }) => kid);
      const first = operator.signer.kid;
      await bao?.root("POST", "transit/keys/shard-signing-key/rotate", {});
      const introduced = await opened("default", {}, LONG);
      expect(introduced.kid).toBe(first);
      const moved = await opened("default", { version: 2 }, LONG);
      expect(kids(moved)).toEqual([moved.kid, first].toSorted());
      expect(kids(introduced)).toEqual(kids(moved));
      expect(signatureCheck(introduced.trust)("x", await moved.sign("x"))).toBeUndefined();
      await bao?.root("POST", "transit/keys/shard-signing-key/config", { min_decryption_version: 2 });
      const alone = await opened("default", { version: 2 }, LONG);
      expect(kids(alone)).toEqual([moved.kid]);
      await Promise.all([introduced, moved, alone].map((signer) => signer.stop()));
    });

    test("is trusted by what it is before it signs, and trusts the keys of a Secret for as long as that holds them", async () => {
      await hub.namespace("moved");
      const before = await loadShardSigner(hub.admin, "moved");
      const after = await opened("moved", { version: 2 }, LONG);
      expect(after.trust.keys.map(({ kid }) => kid)).toEqual([after.kid, before.kid].toSorted());
      expect(JSON.stringify(after.trust)).not.toContain('"d"');
      const x = after.trust.keys.find(({ kid }) => kid === after.kid)?.x;
      const key = { namespace: "moved", name: SIGNING_SECRET };
      const held = Buffer.from((await hub.admin.get(secrets, key))?.data?.["jwks.json"] ?? "", "base64");
      const { keys } = JSON.parse(held.toString()) as { readonly keys: readonly object[] };
      const more = JSON.stringify({ keys: [...keys, { kty: "OKP", crv: "Ed25519", x }] });
      const data = { "jwks.json": Buffer.from(more).toString("base64") };
      await hub.admin.patch(secrets, key, { merge: { data } });
      const told = await loadShardSigner(hub.admin, "moved");
      expect(told.kid).toBe(before.kid);
      // Who signs changes; what stacks are told to trust does not, so that no pod starts anew for it.
      expect(told.trust).toEqual(after.trust);
      expect(signatureCheck(told.trust)("x", await after.sign("x"))).toBeUndefined();
      await after.stop();
    });
  },
);
