import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keyStoreInPod, type PodKeyStore } from "../../key-store/open-bao/awaited-keys.ts";
import { startOpenBao } from "../../local/testing/openbao.ts";
import { until } from "../../local/wait.ts";
import { newAuditWrappingKey } from "../keys/audit-keys.ts";
import { writeAuditLeaf } from "../service/audit-leaf.ts";
import { podOf, type TestPod } from "../service/testing/stored-key.ts";
import { disputePack } from "./pack.ts";
import { announceWrappingKey, personalFields, shred } from "./personal.ts";
import { NOON, startLog, type TestLog } from "./testing/audit-log.ts";
import { wrappingsOf, type Wrappings } from "./wrapping-keys.ts";

const bao = await startOpenBao();
const FIELDS = { name: "Amina Wanjiru" };
const NAME = "transit/keys/stack-test_audit_wrapping";

describe.skipIf(bao === undefined)(
  "an audit log whose wrapping key moves into OpenBao (skipped where pip cannot bring it)",
  () => {
    let log: TestLog;
    let pod: TestPod;
    let store: PodKeyStore;
    let folder: string;

    beforeAll(async () => {
      if (bao === undefined) return;
      folder = await mkdtemp(join(tmpdir(), "wrapping-"));
      await mkdir(join(folder, "wrapping"));
      [log, pod] = await Promise.all([startLog(), podOf(bao)]);
      store = keyStoreInPod(pod.keyStore, pod.inPod);
    });
    afterAll(async () => {
      await store?.stop();
      await pod?.remove();
      await log?.stop();
      await bao?.stop();
      if (folder !== undefined) await rm(folder, { recursive: true });
    });

    /** What the service has, with the key in its Secret or in the store. */
    const wrappings = (opens: boolean): Promise<Wrappings> =>
      wrappingsOf(
        { namespace: "stack-test", keyStore: { openBao: pod.keyStore, signs: false, opens } },
        { WEKEZA_AUDIT_KEYS: folder },
        store,
      );
    let seconds = 0;
    const announced = async (keys: Wrappings): Promise<void> =>
      announceWrappingKey(log.database, keys[0], new Date(NOON.getTime() + 1_000 * (seconds += 1)));

    /** The leaf of something personal that is written of a customer. */
    async function written(customer: string): Promise<string> {
      const subject = `aac-${customer}`;
      await log.consent.transaction((tx) =>
        writeAuditLeaf(tx, {
          at: NOON,
          subject,
          value: { type: "consent.authorised", consent: subject, customer },
          personal: { customer, fields: FIELDS },
        }),
      );
      await log.sequenceAll();
      const { rows } = await log.database.query<{ leaf: string }>(
        "select leaf from leaf where subject = $1",
        [subject],
      );
      return rows[0]?.leaf ?? "";
    }

    test("what was sealed to the Secret's key opens as before, and new customers' keys are sealed to the one in the store", async () => {
      await writeFile(join(folder, "wrapping/key.pem"), newAuditWrappingKey()["key.pem"] ?? "");
      const secret = await wrappings(false);
      await announced(secret);
      const before = await written("cus-before");

      await bao?.root("POST", NAME, { type: "rsa-3072" });
      const both = await wrappings(true);
      await announced(both);
      const after = await written("cus-after");
      for (const leaf of [before, after])
        expect(await personalFields(log.database, both, leaf)).toEqual(FIELDS);
      await expect(personalFields(log.database, secret, after)).rejects.toThrow("which is not here");
    });

    test("a customer who was known before needs no store, whatever comes of her", async () => {
      const secret = await wrappings(false);
      const leaf = await written("cus-before");
      expect(await personalFields(log.database, secret, leaf)).toEqual(FIELDS);
    });

    test("a service of the version before is told of no key that it would take for another kind", async () => {
      const told = async (as: string) => {
        const { rows } = await log.consent.query<{ wrapping: Buffer }>(
          `select wrapping from audit.${as}('cus-of-nobody')`,
        );
        return rows[0]?.wrapping;
      };
      const [inStore, inSecret] = [(await wrappings(true))[0], (await wrappings(false))[0]];
      expect(await told("encryption_keys")).toEqual(inSecret.name);
      expect(await told("sealing_keys")).toEqual(inStore.name);
    });

    test("while the store is sealed customers are written of and forgotten, and who reads is told to try again", async () => {
      const known = await wrappings(true);
      const leaf = await written("cus-after");
      await bao?.seal();
      let meanwhile: string;
      try {
        meanwhile = await written("cus-meanwhile");
        expect(await shred(log.database, "cus-meanwhile", NOON)).toBe(true);
        meanwhile = await written("cus-later");
        for (const read of [
          () => personalFields(log.database, known, leaf),
          () => disputePack(log.database, known, "aac-cus-after"),
          () => wrappings(true),
        ])
          await expect(read()).rejects.toMatchObject({ name: "KeyStoreError", retryable: true });
      } finally {
        await bao?.unseal();
      }
      const read = await until(() => personalFields(log.database, known, leaf), {
        timeout: 60_000,
        every: 50,
        what: "the store to open again",
      });
      expect(read).toEqual(FIELDS);
      expect(await personalFields(log.database, known, meanwhile)).toEqual(FIELDS);
      const { leaves } = await disputePack(log.database, known, "aac-cus-after");
      expect(leaves.every(({ opening }) => opening !== undefined)).toBe(true);
    });

    test("after a rotation there new keys are sealed to the new version, and the old one opens its own", async () => {
      const old = await written("cus-after");
      await bao?.root("POST", `${NAME}/rotate`, {});
      const rotated = await wrappings(true);
      await announced(rotated);
      const leaf = await written("cus-of-version-2");
      for (const each of [old, leaf])
        expect(await personalFields(log.database, rotated, each)).toEqual(FIELDS);
      const sealedTo = async (customer: string) =>
        (
          await log.database.query<{ wrapping: Buffer }>(
            "select wrapping from subject_key where customer = $1",
            [customer],
          )
        ).rows[0]?.wrapping;
      expect(await sealedTo("cus-after")).toEqual(rotated[1]?.name);
      expect(await sealedTo("cus-of-version-2")).toEqual(rotated[0].name);
      await bao?.root("POST", `${NAME}/config`, { min_decryption_version: 2 });
      await expect(personalFields(log.database, await wrappings(true), old)).rejects.toThrow(
        "lower min_decryption_version",
      );
    });

    test("a stack that began with the store has no Secret, and one that needs it says so", async () => {
      await rm(join(folder, "wrapping/key.pem"));
      expect(await wrappings(true)).toHaveLength(1);
      await expect(wrappings(false)).rejects.toThrow("ENOENT");
    });
  },
);
