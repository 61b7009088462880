import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awaitObject } from "../cli/quickstart/await-object.ts";
import { NAMESPACE as PARTNERS } from "../cli/quickstart/partner-resource.ts";
import { failoverGroups, partners } from "../crds/resources.ts";
import { PAYLOAD_KEY, SIGNATURE_KEY, shardName } from "../crds/shard.ts";
import { rawEd25519 } from "../key-store/ed25519.ts";
import { conditionOf } from "../kube/condition.ts";
import type { KubeObject, Manifest } from "../kube/object.ts";
import { configMaps, deployments, secrets } from "../kube/resources.ts";
import { installation } from "../local/installation.ts";
import { installHub } from "../local/platform/platform.ts";
import { until } from "../local/wait.ts";
import { type SigningJwk, trustIn } from "../operator/signing-key.ts";
import { signatureCheck } from "../runtime/service/signature.ts";
import { type Bank, changePartner, groupNamed, openBank } from "./support/bank.ts";
import { type BankKeyStore, publishedJwk, startBankKeyStore } from "./support/bank-key-store.ts";
import { openClusters } from "./support/clusters.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { awaitOperatorReady } from "./support/operator.ts";
import { awaitAllReady } from "./support/ready.ts";
import { stackOf } from "./support/stack.ts";
import { leave, newVisitor, readAccounts, type Visitor } from "./support/visitor.ts";

const KEY = "shard-signing-key";
const SECRET = { namespace: "wekeza-system", name: KEY };
const OPERATOR = { namespace: "wekeza-system", name: "wekeza-operator" };

/**
 * Who tells stacks whom to believe changes here, and every pod of every stack starts anew for it, twice: minutes, for what
 * `operator/stored-signing-key.integration.test.ts` shows in seconds. So it runs when it is asked for.
 */
const asked = process.env["WEKEZA_E2E"] === "whole";
const clusters = asked ? await openClusters() : undefined;
const found = clusters && (await startBankKeyStore(clusters, "hub"));

describe.skipIf(found === undefined)(
  "an operator whose key moves into the bank's OpenBao (WEKEZA_E2E=whole)",
  () => {
    const store = found as BankKeyStore;
    const here = installation(process.env);
    let bank: Bank;
    let visitor: Visitor;
    let stored: SigningJwk;
    let before = "";

    beforeAll(async () => {
      await store.type("bao write -f transit/keys/shard-signing-key");
      const publicKey = await store.publicKey(KEY);
      const { kid = "" } = await publishedJwk(publicKey);
      stored = { kid, kty: "OKP", crv: "Ed25519", x: rawEd25519(publicKey).toString("base64url") };
      bank = await openBank();
      visitor = await newVisitor(bank, groupNamed(bank, "east-africa"), "moved");
      before = (await bank.clients.hub.get(secrets, SECRET))?.data?.["jwks.json"] ?? "";
    }, 300_000);

    // Back to the Secret, which has all that it had before and nothing else.
    afterAll(
      () =>
        inAnyCase(
          () => installHub(here),
          () => before !== "" && keysInSecret({ "jwks.json": before, "public.json": null }),
          () => bank && trusted(false),
          () => bank && awaitAllReady(bank, 300_000),
          () => leave(bank, visitor),
          () => store.stop(),
          () => bank?.close(),
          () => clusters?.close(),
        ),
      900_000,
    );

    /** Writes the Secret's key set, and has the operator read it. */
    async function keysInSecret(data: Readonly<Record<string, string | null>>): Promise<void> {
      const { hub } = bank.clients;
      await hub.patch(secrets, SECRET, { merge: { data } as unknown as Manifest });
      const annotations = { "openbanking.wekeza.io/restarted-for": new Date().toISOString() };
      await hub.patch(deployments, OPERATOR, {
        merge: { spec: { template: { metadata: { annotations } } } } as unknown as Manifest,
      });
      await awaitOperatorReady(bank);
    }

    /** Waits until every service of the groups runs with, or without, the store's key among those it believes. */
    async function trusted(wanted: boolean): Promise<void> {
      await until(
        async () => {
          for (const { region, namespace } of bank.groups.map(stackOf)) {
            const told = await bank.clients[region].get(configMaps, { namespace, name: "gateway-config" });
            if (told?.data?.["config.json"]?.includes(stored.x) !== wanted) return undefined;
          }
          return true;
        },
        { timeout: 120_000, every: 500, what: "stacks to be told whom to believe" },
      );
      await until(
        async () => {
          const lists = bank.groups
            .map(stackOf)
            .map(async ({ region, namespace }) =>
              (await bank.clients[region].list(deployments, { namespace })).items.every((each) =>
                isWhole(each as KubeObject),
              ),
            );
          return (await Promise.all(lists)).every(Boolean) || undefined;
        },
        { timeout: 300_000, every: 1_000, what: "the services of every stack to have started anew" },
      );
    }

    /** When each pod of the stacks began, by its name. */
    async function templates(): Promise<readonly (number | undefined)[]> {
      const lists = bank.groups
        .map(stackOf)
        .map(async ({ region, namespace }) =>
          (await bank.clients[region].list(deployments, { namespace })).items.map(
            ({ metadata }) => metadata.generation,
          ),
        );
      return (await Promise.all(lists)).flat();
    }

    async function shard() {
      const { region, namespace } = stackOf(groupNamed(bank, "east-africa"));
      const name = shardName(visitor.partner.clientId);
      const { data = {} } = (await bank.clients[region].get(configMaps, { namespace, name })) ?? {};
      return { payload: data[PAYLOAD_KEY] ?? "", signature: data[SIGNATURE_KEY] ?? "" };
    }

    /** Whether a stack's word of the partner is signed by the key in the store. */
    async function signedInStore(): Promise<boolean> {
      const { payload, signature } = await shard();
      return signatureCheck(trustIn([stored]))(payload, signature) === undefined;
    }

    test("is trusted first, and then signs what is there: no pod starts anew for that", async () => {
      const { keys } = JSON.parse(Buffer.from(before, "base64").toString()) as {
        readonly keys: readonly object[];
      };
      const { kty, crv, x } = stored;
      const both = JSON.stringify({ keys: [...keys, { kty, crv, x }] });
      await keysInSecret({ "jwks.json": Buffer.from(both).toString("base64") });
      await trusted(true);
      expect(await signedInStore()).toBe(false);
      const running = await templates();
      const { address, caBundle, host } = store;
      const operatorKeyStore = {
        address,
        caBundle,
        networks: [`${host}/32`],
        mount: "transit",
        auth: "kubernetes",
        role: "wekeza-operator",
        key: KEY,
        version: 1,
      };
      await installHub(here, { operatorKeyStore });
      await awaitOperatorReady(bank);
      await until(signedInStore, {
        timeout: 120_000,
        every: 250,
        what: "the shard to be signed in the store",
      });
      expect(await templates()).toEqual(running);
      expect((await readAccounts(visitor)).status).toBe(200);
      await awaitAllReady(bank, 120_000);
    }, 900_000);

    test("while the store is sealed nothing new is signed, which everybody says; then a suspension comes within seconds", async () => {
      const { hub } = bank.clients;
      const name = visitor.partner.name;
      const says = (type: string, reason: string) =>
        awaitObject(
          hub,
          partners,
          { namespace: PARTNERS, name },
          {
            timeout: 60_000,
            until: (object) => conditionOf(object?.status?.conditions, type)?.reason === reason,
            describe: (object) => JSON.stringify(object?.status?.conditions ?? []),
          },
        );
      const held = await shard();
      await store.seal();
      try {
        await changePartner(bank, name, { suspended: true });
        const partner = await says("Suspended", "KeyStoreAway");
        expect(conditionOf(partner?.status?.conditions, "Suspended")).toMatchObject({
          reason: "KeyStoreAway",
        });
        const group = await awaitObject(
          hub,
          failoverGroups,
          { name: "east-africa" },
          {
            timeout: 60_000,
            until: (object) => conditionOf(object?.status?.conditions, "Signed")?.status === "False",
          },
        );
        const signed = conditionOf(group?.status?.conditions, "Signed");
        expect(signed?.reason).toBe("KeyStoreAway");
        expect(signed?.message).toContain(`The key store ${store.address} cannot sign now`);
        expect(signed?.message).toContain("see that it runs, is unsealed and can be reached from here");
        expect(await shard()).toEqual(held);
        expect((await readAccounts(visitor)).status).toBe(200);
      } finally {
        await store.unseal();
      }
      const start = performance.now();
      await until(async () => (await readAccounts(visitor)).status !== 200 || undefined, {
        timeout: 60_000,
        every: 100,
        what: "the partner to be refused",
      });
      console.log(`suspended ${Math.round(performance.now() - start)} ms after the store came back`);
      await says("Suspended", "Suspended");
      await awaitObject(
        hub,
        failoverGroups,
        { name: "east-africa" },
        {
          timeout: 60_000,
          until: (object) => conditionOf(object?.status?.conditions, "Signed") === undefined,
        },
      );
    }, 300_000);
  },
);

interface Rollout {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** Whether all pods of a Deployment are of its newest template, and there. */
function isWhole(deployment: KubeObject): boolean {
  const { spec, status = {} } = deployment as KubeObject & Rollout;
  const wanted = spec?.replicas ?? 1;
  return (
    status.observedGeneration === deployment.metadata.generation &&
    status.updatedReplicas === wanted &&
    status.replicas === wanted &&
    status.availableReplicas === wanted
  );
}
