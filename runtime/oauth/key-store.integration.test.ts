import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KeySet } from "../../key-store/key.ts";
import { OpenBao } from "../../key-store/open-bao/client.ts";
import { openTransitKey } from "../../key-store/open-bao/transit.ts";
import { allowedIn } from "../../key-store/testing/allowed-in.ts";
import { startOpenBao } from "../../local/testing/openbao.ts";
import { until } from "../../local/wait.ts";
import { type OauthKeys, storedKeys } from "./keys.ts";
import { authorised } from "./testing/fapi-client.ts";
import { startTestbed, type Testbed } from "./testing/testbed.ts";

const bao = await startOpenBao();
const KEY = "transit/keys/stack-test_oauth";
const WAIT = { timeout: 60_000, every: 20 };

describe.skipIf(bao === undefined)(
  "tokens whose key is in OpenBao (skipped where pip cannot bring it)",
  () => {
    let folder: string;
    let client: OpenBao;
    let inStore: KeySet;
    let keys: OauthKeys;
    let bed: Testbed;

    beforeAll(async () => {
      if (bao === undefined) return;
      folder = await mkdtemp(join(tmpdir(), "oauth-keys-"));
      await writeFile(join(folder, "cookie.json"), JSON.stringify(["k".repeat(43)]));
      client = new OpenBao({ ...(await allowedIn(bao)), deadlineMs: 8_000, attemptMs: 8_000 });
      await bao.root("POST", KEY, { type: "ecdsa-p256" });
      const wanted = { name: "stack-test_oauth", algorithm: "ES256" } as const;
      // Nothing is announced, so a clock that is behind the store's holds no version back.
      inStore = await openTransitKey(client, wanted, { everyMs: 50, now: () => 0 });
      keys = storedKeys(inStore, folder, () => performance.now());
      bed = await startTestbed({ keys });
    });
    afterAll(async () => {
      await bed?.close();
      inStore?.stop();
      await client?.close();
      if (folder !== undefined) await rm(folder, { recursive: true });
      await bao?.stop();
    });

    const consented = () =>
      authorised(bed.stack, bed.client, bed.stack.neighbours.stage({ clientId: bed.acme.clientId }));
    const published = async (): Promise<{ readonly keys: readonly { readonly kid: string }[] }> => {
      const answer = await bed.client.fetch(bed.client.as.jwks_uri ?? "");
      return (await answer.json()) as { keys: { kid: string }[] };
    };

    test("are verified by the published key set, access and ID token alike, and no private half is in it", async () => {
      const { callback, verifier } = await consented();
      const tokens = await bed.client.exchange(callback, verifier);
      const set = await published();
      expect(set).toEqual({ keys: keys.own() });
      expect(JSON.stringify(set)).not.toContain('"d":');
      const verify = (token = "") => jwtVerify(token, createLocalJWKSet({ keys: [...keys.own()] }));
      await expect(verify(tokens.access_token)).resolves.toMatchObject({ protectedHeader: { alg: "ES256" } });
      await expect(verify(tokens.id_token)).resolves.toMatchObject({ protectedHeader: { alg: "ES256" } });
    });

    test("are not given while the store is sealed, and no code is spent on them", async () => {
      const { callback, verifier } = await consented();
      await bao?.seal();
      try {
        // What a signature of a moment ago shows holds for a second.
        await until(
          async () => {
            try {
              await keys.canSign?.();
              return undefined;
            } catch (error) {
              return error;
            }
          },
          { ...WAIT, what: "a store that signs nothing" },
        );
        expect(await bed.client.rawExchange(callback, verifier)).toMatchObject({
          status: 503,
          body: { error: "temporarily_unavailable" },
        });
        expect((await published()).keys).toHaveLength(1);
      } finally {
        await bao?.unseal();
      }
      const answer = await until(
        async () => {
          const found = await bed.client.rawExchange(callback, verifier);
          return found.status === 503 ? undefined : found;
        },
        { ...WAIT, what: "tokens" },
      );
      expect(answer).toMatchObject({ status: 200 });
    });

    test("are of a new version after a rotation, in a server that runs; those of the old one are verified still", async () => {
      const [old] = keys.own();
      await bao?.root("POST", `${KEY}/rotate`, {});
      await until(async () => keys.own().length === 2, { ...WAIT, what: "the new version" });
      const { callback, verifier } = await consented();
      const { access_token } = await bed.client.exchange(callback, verifier);
      const { kid } = decodeProtectedHeader(access_token);
      expect(kid).toBe(keys.own()[0]?.kid);
      expect(kid).not.toBe(old?.kid);
      expect((await published()).keys.map((key) => key.kid)).toEqual([kid, old?.kid]);
      await expect(
        jwtVerify(access_token, createLocalJWKSet({ keys: [...keys.own()] })),
      ).resolves.toBeDefined();
    });
  },
);
