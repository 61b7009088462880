import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allowedIn } from "../../key-store/testing/allowed-in.ts";
import type { OpenBaoOptions } from "../../key-store/open-bao/client.ts";
import { startOpenBao } from "../../local/testing/openbao.ts";
import { until } from "../../local/wait.ts";
import { createLog } from "../service/logger.ts";
import { noteVerifier, parseNote, signedBy } from "./checkpoint/note.ts";
import { assertSameLog, type OpenedSigner, signerOf } from "./keys.ts";
import { headOf } from "./log.ts";
import { startLog, type TestLog } from "./testing/audit-log.ts";

const bao = await startOpenBao();

describe.skipIf(bao === undefined)(
  "an audit log whose key is in OpenBao (skipped where pip cannot bring it)",
  () => {
    let folder: string;
    let allowed: OpenBaoOptions;
    let log: TestLog;
    let opened: OpenedSigner;
    const registry = new Registry();

    beforeAll(async () => {
      if (bao === undefined) return;
      [folder, log, allowed] = await Promise.all([
        mkdtemp(join(tmpdir(), "audit-key-")),
        startLog(),
        allowedIn(bao),
      ]);
      const token = join(folder, "token");
      await writeFile(token, await allowed.serviceAccountToken());
      await bao.root("POST", "transit/keys/stack-test_audit", { type: "ed25519" });
      const { address, caBundle = "", mount, auth, role } = allowed;
      opened = await signerOf(
        {
          group: "test",
          namespace: "stack-test",
          keyStore: { openBao: { address, caBundle, mount, auth, role }, signs: true, opens: false },
        },
        {
          env: { WEKEZA_KEY_STORE_TOKEN: token },
          log: createLog("audit", { level: "silent" }),
          registry,
          patience: { deadlineMs: 15_000, attemptMs: 15_000 },
        },
      );
    });
    afterAll(async () => {
      await opened?.stop();
      await log?.stop();
      await bao?.stop();
      if (folder !== undefined) await rm(folder, { recursive: true });
    });

    test("is signed there, as whoever holds its verifier key sees", async () => {
      const { signer } = opened;
      await log.write("aac-in-store", 3);
      await log.sequence({ signer });
      const { note } = await headOf(log.database);
      expect(signedBy(parseNote(note), noteVerifier(signer.verifierKey))).toBe(true);
      expect(await registry.metrics()).toContain(
        'wekeza_key_store_call_seconds_count{operation="sign",code="200"} 1',
      );
    });

    test("stands still while the store is sealed, loses nothing, and goes on", async () => {
      const { signer } = opened;
      const { size } = (await headOf(log.database)).frontier;
      await log.write("aac-sealed", 2);
      await bao?.seal();
      try {
        await expect(log.sequence({ signer })).rejects.toThrow("cannot sign now");
        expect((await headOf(log.database)).frontier.size).toBe(size);
      } finally {
        await bao?.unseal();
      }
      const batch = await until(() => log.sequence({ signer }), {
        timeout: 60_000,
        what: "a checkpoint after the store came back",
      });
      expect(batch).toMatchObject({ added: 2 });
    });

    test("is not continued by a key that did not sign it", async () => {
      const { note } = await headOf(log.database);
      expect(() => assertSameLog(note, opened.signer)).not.toThrow();
      expect(() => assertSameLog("", log.signer)).not.toThrow();
      expect(() => assertSameLog(note, log.signer)).toThrow(
        "was signed by another key than openbanking.wekeza.io/audit/test+",
      );
    });
  },
);
