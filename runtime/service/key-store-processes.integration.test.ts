import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountKeyName, accountOpenerName } from "../../key-store/open-bao/account-key.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { startOpenBao } from "../../local/testing/openbao.ts";
import { until } from "../../local/wait.ts";
import {
  type StackDatabase,
  startStackDatabase,
  TEST_NAMESPACE,
} from "../database/testing/stack-database.ts";
import { newAuditWrappingKey } from "../keys/audit-keys.ts";
import { testSigner } from "./testing/signed.ts";
import { type ServiceProcess, startServiceProcess } from "./testing/service-process.ts";
import { podOf, type TestPod } from "./testing/stored-key.ts";

const bao = await startOpenBao();
/** Nothing answers there. */
const NOBODY = { host: "localhost", port: 1 };

describe.skipIf(bao === undefined)(
  "processes whose keys are in OpenBao (skipped where pip cannot bring it)",
  () => {
    let stack: StackDatabase;
    let plane: ControlPlane;
    let pod: TestPod;
    let folder: string;
    const stops: (() => unknown)[] = [];
    const file = (name: string): string => join(folder, name);

    beforeAll(async () => {
      if (bao === undefined) return;
      folder = await mkdtemp(join(tmpdir(), "key-store-processes-"));
      stops.push(() => rm(folder, { recursive: true }));
      [stack, plane, pod] = await Promise.all([startStackDatabase(), startControlPlane(), podOf(bao)]);
      stops.push(
        () => pod.remove(),
        () => plane.stop(),
        () => stack.stop(),
      );
      const host = await stack.authority.issue({ commonName: "hosts", dns: ["localhost"] });
      await mkdir(file("wrapping"));
      for (const [name, text] of Object.entries({
        kubeconfig: plane.kubeconfig,
        "wrapping/key.pem": newAuditWrappingKey()["key.pem"] ?? "",
        "cookie.json": JSON.stringify(["a".repeat(43)]),
        nonce: "b".repeat(43),
        "host.key": host.key,
        "host.crt": host.cert,
        "ca.crt": stack.authority.ca,
      }))
        await writeFile(file(name), text);
    });
    afterAll(async () => {
      for (const stop of stops.toReversed()) await stop();
      await bao?.stop();
    });

    /** What the operator tells each service, beside what all are told. */
    const OWN = {
      audit: () => ({
        epoch: 1,
        checkpointMs: 200,
        keyStore: { openBao: pod.keyStore, signs: true, opens: false },
      }),
      events: () => ({ webhooks: { privateHosts: [] }, keyStore: pod.keyStore }),
      gateway: () => ({
        redis: NOBODY,
        upstreams: {
          consent: "https://localhost:1",
          banking: "https://localhost:1",
          oauth: "https://localhost:1",
        },
        keyStore: pod.keyStore,
      }),
      oauth: () => ({
        redis: NOBODY,
        upstreams: { consent: "https://localhost:1", banking: "https://localhost:1" },
        accessTokenSeconds: 600,
        keyStore: { openBao: pod.keyStore, signs: true, published: [] },
      }),
    };

    async function started(service: keyof typeof OWN, beside: object = {}): Promise<ServiceProcess> {
      const process = await startServiceProcess({
        main: join(import.meta.dirname, "..", service, "main.ts"),
        config: { ...stack.config, trust: testSigner().trust, ...OWN[service](), ...beside },
        identity: (await stack.identity(service)).current(),
        env: {
          WEKEZA_KEY_STORE_TOKEN: pod.inPod.env["WEKEZA_KEY_STORE_TOKEN"] ?? "",
          KUBECONFIG: file("kubeconfig"),
          WEKEZA_REDIS_PASSWORD: "",
          WEKEZA_AUDIT_KEYS: folder,
          WEKEZA_OAUTH_KEYS: folder,
          WEKEZA_HOST_KEY: file("host.key"),
          WEKEZA_HOST_CERT: file("host.crt"),
          WEKEZA_PARTNER_CA: file("ca.crt"),
        },
      });
      stops.push(() => process.stop());
      return process;
    }

    /** Waits until readiness says a thing, or says it no more. */
    const says = (process: ServiceProcess, text: string, wanted = true): Promise<true> =>
      until(async () => (await process.ready()).text.includes(text) === wanted || undefined, {
        timeout: 60_000,
        every: 50,
        what: `readiness ${wanted ? "to say" : "to say no more"}: ${text}`,
      }).catch((cause: unknown) => {
        throw new Error(`${String(cause)}\n${process.log()}`, { cause });
      });

    test.each([
      { service: "audit", type: "ed25519" },
      { service: "events", type: "ecdsa-p256" },
      { service: "gateway", type: "ecdsa-p256" },
      { service: "oauth", type: "ecdsa-p256" },
    ] as const)(
      "$service stays up while its key is not there, says what it waits for, and goes on when somebody makes it",
      async ({ service, type }) => {
        const name = accountKeyName(TEST_NAMESPACE, service);
        const waits = `the key store ${pod.keyStore.address} has not told of ${name} yet`;
        const process = await started(service);
        await says(process, waits);
        await until(async () => process.log().includes(`bao write -f transit/keys/${name} type=${type}`), {
          timeout: 60_000,
          what: "the log to say how the key is made",
        });
        await bao?.root("POST", `transit/keys/${name}`, { type });
        await says(process, waits, false);
        expect(process.log()).toContain("the key store told of its keys");
        expect(await process.stop()).toBe(0);
      },
    );

    test("audit whose wrapping key is not there stays up, signs, and makes the key known when somebody makes it", async () => {
      const name = accountOpenerName(TEST_NAMESPACE, "audit");
      const waits = `the key store ${pod.keyStore.address} has not told of ${name} yet`;
      const process = await started("audit", {
        keyStore: { openBao: pod.keyStore, signs: true, opens: true },
      });
      await says(process, waits);
      await until(async () => process.log().includes(`bao write -f transit/keys/${name} type=rsa-3072`), {
        timeout: 60_000,
        what: "the log to say how the key is made",
      });
      await until(async () => process.log().includes("checkpoints are signed with this key"), {
        timeout: 60_000,
        what: "the key that signs to be known meanwhile",
      });
      await bao?.root("POST", `transit/keys/${name}`, { type: "rsa-3072" });
      await says(process, waits, false);
      expect(process.log()).toContain("customers' keys are sealed to this key");
      expect(await process.stop()).toBe(0);
    });

    test("one that is told to stop while it waits stops, as nothing was wrong", async () => {
      await bao?.seal();
      try {
        for (const service of ["audit", "oauth"] as const) {
          const process = await started(service);
          await says(process, "has not told of");
          expect(await process.stop()).toBe(0);
        }
      } finally {
        await bao?.unseal();
      }
    });
  },
);
