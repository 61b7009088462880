import { expect, test } from "vitest";
import { CONTEXT_HEADER, encodeContext } from "../service/context.ts";
import { createLog } from "../service/logger.ts";
import { createServiceApp } from "../service/mtls-server.ts";
import type { Queries } from "../service/postgres.ts";
import { refuseRestricted, restrictionsIn } from "./restriction.ts";

/** An application, and whose data is restricted there. */
function app(restricted: string[] = []) {
  const server = createServiceApp({
    log: createLog("banking", { level: "silent" }),
    namespace: "test",
    allow: ["gateway"],
    peerOf: () => "gateway",
  });
  const queries: Queries = {
    async query<Row>() {
      const rows = restricted.map((customer) => ({ customer })) as Row[];
      return { rows, count: rows.length };
    },
  };
  const restrictions = restrictionsIn(queries);
  refuseRestricted(server, restrictions);
  for (const path of ["/open-banking/*", "/psd2/*"]) server.get(path, async () => ({}));
  const get = async (url: string, customer?: string) => {
    const context = encodeContext({
      clientId: "ptn-1",
      partnerName: "Acme",
      scope: "accounts",
      interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
      consentId: "aac-1",
      ...(customer === undefined ? {} : { customer }),
    });
    const answer = await server.inject({ url, headers: { [CONTEXT_HEADER]: context } });
    return { status: answer.statusCode, body: answer.json<unknown>() };
  };
  return { get, restrictions };
}

const ACCOUNTS = "/open-banking/v4.0/aisp/accounts";

test("a restricted customer's data is refused in the words of each dialect, another's is given", async () => {
  const { get, restrictions } = app(["cus-amina"]);
  await restrictions.look();
  expect(await get(ACCOUNTS, "cus-amina")).toMatchObject({
    status: 403,
    body: { Errors: [{ ErrorCode: "U008" }] },
  });
  expect(await get("/psd2/v1/accounts", "cus-amina")).toMatchObject({
    status: 401,
    body: { tppMessages: [{ category: "ERROR", code: "CONSENT_INVALID" }] },
  });
  expect(await get(ACCOUNTS, "cus-brian")).toMatchObject({ status: 200 });
});

test("what partners ask in their own name is nobody's restricted data", async () => {
  const { get } = app(["cus-amina"]);
  expect(await get("/open-banking/v4.0/pisp/domestic-payments/p")).toMatchObject({ status: 200 });
});

test("before it is known whose data is restricted nobody's is given", async () => {
  const { get, restrictions } = app();
  expect(await get(ACCOUNTS, "cus-brian")).toMatchObject({ status: 403 });
  await restrictions.look();
  expect(await get(ACCOUNTS, "cus-brian")).toMatchObject({ status: 200 });
});
