import { expect, test } from "vitest";
import { CONTEXT_HEADER, encodeContext } from "../service/context.ts";
import { createLog } from "../service/logger.ts";
import { createServiceApp } from "../service/mtls-server.ts";
import { limitUnattended } from "./unattended.ts";

const NOON = new Date("2026-11-22T12:00:00Z");
const ACCOUNTS = "/open-banking/v4.0/aisp/accounts";

/** An application whose policy allows two calls of each resource. */
function app() {
  const server = createServiceApp({
    log: createLog("banking", { level: "silent" }),
    namespace: "test",
    allow: ["gateway"],
    peerOf: () => "gateway",
  });
  const counted = new Map<string, number>();
  limitUnattended(server, {
    clock: () => NOON,
    count: async (consent, resource) => {
      const calls = (counted.get(`${consent} ${resource}`) ?? 0) + 1;
      counted.set(`${consent} ${resource}`, calls);
      return calls <= 2;
    },
  });
  for (const path of ["/open-banking/*", "/psd2/*"]) server.get(path, async () => ({}));
  const get = async (url: string, more: Readonly<Record<string, string>> = {}) => {
    const context = encodeContext({
      clientId: "ptn-1",
      partnerName: "Acme",
      scope: "accounts",
      interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
      consentId: "aac-1",
    });
    return server.inject({ url, headers: { [CONTEXT_HEADER]: context, ...more } });
  };
  return { get, counted };
}

test("a third call without the customer is refused until midnight, in the words of the standard", async () => {
  const { get } = app();
  expect((await get(ACCOUNTS)).statusCode).toBe(200);
  expect((await get(ACCOUNTS)).statusCode).toBe(200);
  const refused = await get(ACCOUNTS);
  expect([refused.statusCode, refused.headers["retry-after"]]).toEqual([429, "43200"]);
  expect(refused.json()).toMatchObject({ Errors: [{ ErrorCode: "U042" }] });
});

test("neither a call with the customer, nor another page, nor a payment is counted", async () => {
  const { get, counted } = app();
  await get(ACCOUNTS, { "x-fapi-customer-ip-address": "2001:db8::1" });
  await get("/open-banking/v4.0/aisp/transactions?page=x");
  await get("/open-banking/v4.0/pisp/domestic-payments/p");
  expect([...counted.keys()]).toEqual([]);
});

test("each account and kind of information counts for itself, whatever its query", async () => {
  const { get, counted } = app();
  await get(`${ACCOUNTS}/acc-1/balances`);
  await get(`${ACCOUNTS}/acc-1/transactions?fromBookingDateTime=2026-11-01T00:00:00`);
  await get(`${ACCOUNTS}/acc-1/transactions`);
  expect([...counted]).toEqual([
    ["aac-1 accounts/acc-1/balances", 1],
    ["aac-1 accounts/acc-1/transactions", 2],
  ]);
});

test("both dialects count the same reading, and each knows by its own header that the customer is there", async () => {
  const { get, counted } = app();
  await get(`${ACCOUNTS}/acc-1/balances`);
  await get("/psd2/v1/accounts/acc-1/balances", { "psu-ip-address": "192.0.2.1" });
  await get("/psd2/v1/accounts/acc-1/balances");
  expect([...counted]).toEqual([["aac-1 accounts/acc-1/balances", 2]]);
  const refused = await get("/psd2/v1/accounts/acc-1/balances");
  expect(refused.statusCode).toBe(429);
  expect(refused.json()).toMatchObject({ tppMessages: [{ category: "ERROR", code: "ACCESS_EXCEEDED" }] });
});
