import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOpenBao } from "../../local/testing/openbao.ts";
import { until } from "../../local/wait.ts";
import { publicJwkOf } from "../service/es256-jwk.ts";
import { signatureFault } from "../service/jws-signature.ts";
import { type StackKey, stackKey } from "../service/stack-key.ts";
import { ACME } from "../service/testing/signed.ts";
import { podOf, type TestPod } from "../service/testing/stored-key.ts";
import { startStack, type TestStack } from "./testing/stack.ts";
import { ISSUER } from "./testing/tokens.ts";

const bao = await startOpenBao();
const WAIT = { timeout: 60_000, every: 20 };
const AGAIN = /may have been done; ask again, with the same x-idempotency-key/;

describe.skipIf(bao === undefined)(
  "answers about payments whose key is in OpenBao (skipped where pip cannot bring it)",
  () => {
    let pod: TestPod;
    let key: StackKey;
    let stack: TestStack;

    beforeAll(async () => {
      if (bao === undefined) return;
      pod = await podOf(bao);
      await bao.root("POST", "transit/keys/stack-ke_gateway", { type: "ecdsa-p256" });
      const { keyStore } = pod;
      const place = { namespace: "stack-ke", service: "gateway", keyStore, file: "/none", secret: "none" };
      key = stackKey(place, pod.inPod);
      stack = await startStack(() => key.current());
      stack.shard({ roles: ["AISP", "PISP"] });
      await until(async () => key.notKnown() === undefined, { ...WAIT, what: "the key" });
    });
    afterAll(async () => {
      await stack?.stop();
      await key?.stop();
      await pod?.remove();
      await bao?.stop();
    });

    const post = () =>
      stack.client(stack.acme).call({
        method: "POST",
        path: "/open-banking/v4.0/pisp/domestic-payment-consents",
        headers: {
          authorization: `Bearer ${stack.token({ sub: ACME, consent_id: undefined, grant_id: undefined, scope: "payments" })}`,
          "content-type": "application/json",
        },
        body: "{}",
      });
    const accounts = () =>
      stack.client(stack.acme).call({
        method: "GET",
        path: "/open-banking/v4.0/aisp/accounts",
        headers: { authorization: `Bearer ${stack.token()}` },
      });
    const faultOf = ({ headers, body }: Awaited<ReturnType<typeof post>>): unknown => {
      const expected = { issuer: ISSUER, keys: [publicJwkOf(key.current())], now: Date.now() };
      return signatureFault(String(headers["x-jws-signature"]), Buffer.from(body), expected);
    };

    test("are signed there, and hold", async () => {
      const answer = await post();
      expect(answer.status).toBe(201);
      expect(faultOf(answer)).toBeUndefined();
    });

    test("are never sent unsigned: while the store is sealed the partner is told to ask again, and accounts are read", async () => {
      await bao?.seal();
      try {
        const answer = await post();
        expect(answer).toMatchObject({ status: 503 });
        expect(answer.headers).toMatchObject({ "retry-after": "1" });
        expect(answer.headers).not.toHaveProperty("x-jws-signature");
        expect(answer.body.toString()).toMatch(AGAIN);
        expect((await accounts()).status).not.toBe(503);
      } finally {
        await bao?.unseal();
      }
      const answer = await until(
        async () => {
          const found = await post();
          return found.status === 503 ? undefined : found;
        },
        { ...WAIT, what: "an answer" },
      );
      expect(answer.status).toBe(201);
      expect(faultOf(answer)).toBeUndefined();
    });
  },
);
