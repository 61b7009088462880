import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signatureOf } from "../cli/quickstart/answer-signature.ts";
import { awaitObject } from "../cli/quickstart/await-object.ts";
import { StepFailed } from "../cli/quickstart/failure.ts";
import type { Exchange } from "../cli/quickstart/http.ts";
import { WANTED_PERMISSIONS } from "../cli/quickstart/partner-resource.ts";
import { callPayments, paymentFrom } from "../cli/quickstart/payment-api.ts";
import { groupsNamed } from "../cli/quickstart/platform.ts";
import { openSession, type Session } from "../cli/quickstart/session.ts";
import { type FailoverGroupObject, failoverGroups, type RegionObject, regions } from "../crds/resources.ts";
import { conditionOf } from "../kube/condition.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import { secrets } from "../kube/resources.ts";
import { run } from "../local/command.ts";
import { until } from "../local/wait.ts";
import { originOf } from "../runtime/audit/checkpoint/checkpoint.ts";
import { noteSignerWith, noteVerifier, parseNote, signedBy } from "../runtime/audit/checkpoint/note.ts";
import { type Bank, enrolPartner, openBank, removePartner, type TestPartner } from "./support/bank.ts";
import { type BankKeyStore, publishedJwk, startBankKeyStore } from "./support/bank-key-store.ts";
import { kubeconfigFile, openClusters } from "./support/clusters.ts";
import { query } from "./support/database.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { tomorrow } from "./support/visitor.ts";

/** A Region and a group of their own: a key that is in a store never comes back into a Secret. */
const REGION = "ke-keys";
const GROUP = "keys";
const PLACE = { region: "ke", namespace: `stack-${GROUP}` } as const;
const KEYS = [
  "audit-signing-key",
  "audit-wrapping-key",
  "events-keys",
  "message-keys",
  "oauth-keys",
] as const;
const API_VERSION = "openbanking.wekeza.io/v1alpha1";
const INITIATION = paymentFrom({ AccountId: "", Currency: "KES" }, "1.00");

const clusters = await openClusters();
const found = await startBankKeyStore(clusters, PLACE.region).catch(async (error: unknown) => {
  await clusters.close();
  throw error;
});

describe.skipIf(found === undefined)("a stack whose keys are in the bank's OpenBao", () => {
  const store = found as BankKeyStore;
  let bank: Bank;
  let partner: TestPartner | undefined;
  let session: Session;
  let request: string;

  beforeAll(async () => {
    // As docs/trust.md tells the bank: who may ask, and the keys of a group.
    await store.type("bao write auth/kubernetes/role/wekeza-stack");
    await store.type("transit/keys/stack-<group>_audit", (block) =>
      block.replaceAll("<group>", GROUP).replaceAll(/^.*<client id>.*\n/gm, ""),
    );
    const opened = await openBank();
    bank = opened;
    const { hub } = opened.clients;
    await hub.apply(failoverGroups, ownGroup(), { fieldManager: "e2e", force: true });
    await hub.apply(regions, ownRegion(store), { fieldManager: "e2e", force: true });
    await groupSays("Ready", "True", 300_000);
    const groups = await groupsNamed(opened.sre, GROUP);
    const [group] = groups;
    if (group === undefined) throw new Error("The group has gone.");
    bank = { ...opened, groups };
    partner = await enrolPartner(bank, "keys", { roles: ["AISP", "PISP"] });
    session = await openSession(group, partner, bank.network);
  }, 600_000);

  afterAll(
    () =>
      inAnyCase(
        () => session?.close(),
        async () => partner !== undefined && removePartner(bank, partner.name),
        () => removed(failoverGroups, GROUP),
        () => removed(regions, REGION),
        () => store.stop(),
        () => bank?.close(),
        () => clusters.close(),
      ),
    480_000,
  );

  async function removed<Kind extends KubeObject>(kind: Resource<Kind>, name: string): Promise<void> {
    const { hub } = clusters.clients;
    await hub.delete(kind, { name });
    await awaitObject(hub, kind, { name }, { timeout: 180_000, until: (object) => object === undefined });
  }

  async function groupSays(type: string, status: string, timeout: number): Promise<FailoverGroupObject> {
    const seen = await awaitObject(
      clusters.clients.hub,
      failoverGroups,
      { name: GROUP },
      {
        timeout,
        until: (object) => conditionOf(object?.status?.conditions, type)?.status === status,
        describe: (object) => JSON.stringify(object?.status?.conditions ?? []),
      },
    );
    return seen as FailoverGroupObject;
  }

  const keyOf = (account: string) => store.publicKey(`${PLACE.namespace}_${account}`);
  const token = async (scope?: "payments") => (await session.authorization.clientToken(scope)).accessToken;
  const askPayment = (accessToken: string, key: string): Promise<Exchange> =>
    callPayments(session, {
      path: "/domestic-payment-consents",
      token: accessToken,
      key,
      body: { Data: { Initiation: INITIATION }, Risk: {} },
    });

  /** Who signed an answer about a payment. @throws StepFailed unless it was the gateways' key in the store. */
  async function signerOf(answer: Exchange): Promise<string> {
    const keys = { keys: [await publishedJwk(await keyOf("gateway"))] };
    return signatureOf(answer, { issuer: `https://${session.group.auth}`, keys, now: Date.now() });
  }

  /** The newest checkpoint: how many leaves it has, and its note. */
  async function checkpoint(): Promise<{ readonly size: number; readonly note: string }> {
    const newest =
      "select size, encode(convert_to(note, 'UTF8'), 'hex') from audit.checkpoint order by size desc limit 1";
    const [[size = "0", note = ""] = []] = await query(bank, PLACE, newest);
    return { size: Number(size), note: Buffer.from(note, "hex").toString() };
  }

  /** What a command says that a person of the bank runs in a service of the stack. */
  async function inside(service: string, ...command: readonly string[]): Promise<unknown> {
    const { runFolder } = clusters;
    const where = ["--kubeconfig", kubeconfigFile(runFolder, PLACE.region), "--namespace", PLACE.namespace];
    const pod = [`deployment/${service}`, "--container", service, "--", "node", ...command];
    return JSON.parse(await run(join(runFolder, "bin", "kubectl"), [...where, "exec", ...pod]));
  }

  /** Whether the log's own program opens what a customer said, as who hands it out does. */
  async function opens(subject: string): Promise<boolean> {
    const pack = (await inside("audit", "runtime/audit/tool.ts", "pack", subject)) as {
      readonly leaves: readonly { readonly opening?: object }[];
    };
    return pack.leaves.some(({ opening }) => opening !== undefined);
  }

  test("what is personal in its audit log was sealed to the key in the store, which opens it", async () => {
    const asked = [
      "ask",
      "cus-e2e-keys",
      "rectification",
      "--words",
      "My name is spelt wrong.",
      "--by",
      "e2e",
    ];
    ({ id: request } = (await inside("consent", "runtime/consent/privacy/tool.ts", ...asked)) as {
      readonly id: string;
    });
    const opened = await until(() => opens(request), {
      timeout: 60_000,
      every: 1_000,
      what: "what she said to be in the log",
    });
    expect(opened).toBe(true);
    const publicKey = (await keyOf("audit_wrapping")).export({ format: "der", type: "spki" });
    expect(
      await query(
        bank,
        PLACE,
        "select distinct encode(spki, 'hex') from audit.subject_key k join audit.wrapping_key w on w.public = k.wrapping",
      ),
    ).toEqual([[publicKey.toString("hex")]]);
  });

  test("has them in no Secret, and everybody who verifies does so by what the store says of them", async () => {
    const { status } = await groupSays("Ready", "True", 60_000);
    expect(status?.keysInStore?.toSorted()).toEqual(KEYS);
    expect(conditionOf(status?.conditions, "KeysInStore")).toBeUndefined();
    const { items } = await clusters.clients.ke.list(secrets, { namespace: PLACE.namespace });
    const entries = items.flatMap(({ metadata: { name }, data }) =>
      Object.keys(data ?? {}).map((entry) => `${name} ${entry}`),
    );
    expect(entries.filter((entry) => KEYS.some((key) => entry.startsWith(key)))).toEqual([
      "oauth-keys cookie.json",
      "oauth-keys nonce",
    ]);

    const verified = await jwtVerify(await token(), await keyOf("oauth"));
    const published = (await session.bankKeys()).keys.map(({ kid }) => kid);
    for (const account of ["oauth", "events", "gateway"])
      expect(published).toContain((await publishedJwk(await keyOf(account))).kid);
    expect(published).toHaveLength(3);
    expect(published).toContain(verified.protectedHeader.kid);

    const answer = await askPayment(await token("payments"), randomUUID());
    expect(answer.status).toBe(201);
    expect(published).toContain(await signerOf(answer));

    const publicKey = await keyOf("audit");
    const nobody = () => Promise.reject(new Error("The private half is in the store."));
    const { verifierKey } = noteSignerWith(originOf(GROUP), {
      id: "audit",
      algorithm: "EdDSA",
      publicKey,
      sign: nobody,
      signAll: nobody,
    });
    const { note } = await checkpoint();
    expect(signedBy(parseNote(note), noteVerifier(verifierKey))).toBe(true);
  });

  test("signs nothing new while the store is sealed, and says so; what is out stays good, and what waited comes", async () => {
    const [reads, pays] = [await token(), await token("payments")];
    const key = randomUUID();
    const created = () => session.api.createConsent(reads, WANTED_PERMISSIONS, tomorrow());
    const consent = await created();
    await store.seal();
    let before: Awaited<ReturnType<typeof checkpoint>>;
    try {
      const refused = await until(
        async () => {
          const seen = await refusal();
          return seen?.status === 503 ? seen : undefined;
        },
        { timeout: 60_000, what: "a token to be refused for now" },
      );
      expect(refused.retryAfter).toBe(true);
      before = await checkpoint();
      const unsigned = await askPayment(pays, key);
      expect(unsigned.status).toBe(503);
      expect(unsigned.headers.get("x-jws-signature")).toBeNull();
      expect(await session.api.call("GET", `/account-access-consents/${consent}`, reads)).toMatchObject({
        status: 200,
      });
      await created();
      await expect(opens(request)).rejects.toThrow(/The key store \S+ cannot (login|read|open) now/);
      const { status } = await groupSays("ComponentsReady", "False", 120_000);
      expect(conditionOf(status?.conditions, "ComponentsReady")?.message).toContain(
        `it asks the key store ${store.address}: see that this runs, is unsealed`,
      );
      expect(await checkpoint()).toEqual(before);
    } finally {
      await store.unseal();
    }
    await until(() => token(), { timeout: 60_000, every: 250, what: "a token again" });
    const answer = await until(
      async () => {
        const again = await askPayment(pays, key);
        return again.status === 201 ? again : undefined;
      },
      { timeout: 60_000, every: 250, what: "the payment's consent, asked for under its key" },
    );
    await signerOf(answer);
    await until(async () => (await checkpoint()).size > before.size || undefined, {
      timeout: 60_000,
      every: 250,
      what: "what waited to be in the log",
    });
    await groupSays("Ready", "True", 120_000);
    expect(await opens(request)).toBe(true);
  }, 480_000);

  /** How a token was refused; undefined when there was one. */
  async function refusal(): Promise<{ readonly status: number; readonly retryAfter: boolean } | undefined> {
    try {
      await token();
      return undefined;
    } catch (error) {
      if (!(error instanceof StepFailed) || !error.answer) throw error;
      const { status, headers } = error.answer;
      return { status, retryAfter: headers?.has("retry-after") === true };
    }
  }
});

function ownGroup(): FailoverGroupObject {
  return {
    apiVersion: API_VERSION,
    kind: "FailoverGroup",
    metadata: { name: GROUP },
    spec: {
      members: [REGION],
      residency: { mode: "local", country: "KE" },
      // As the certificate covers them that every local platform has for its regions.
      hosts: {
        api: "api-keys.ke.openbanking.test",
        auth: "auth-keys.ke.openbanking.test",
        mtlsAuth: "mtls-keys.ke.openbanking.test",
        tls: { secretRef: { name: "default" } },
      },
    },
  } as FailoverGroupObject;
}

/** In the cluster of the Region ke. */
function ownRegion({ address, caBundle, host }: BankKeyStore): RegionObject {
  return {
    apiVersion: API_VERSION,
    kind: "Region",
    metadata: { name: REGION },
    spec: {
      environment: "sandbox",
      country: "KE",
      jurisdiction: "ke-cbk",
      cluster: { kubeconfigSecretRef: { name: "region-ke" } },
      keyStore: { openBao: { address, caBundle, networks: [`${host}/32`] }, keys: [...KEYS] },
    },
  } as unknown as RegionObject;
}
