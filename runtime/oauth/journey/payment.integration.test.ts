import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dynamicLink } from "../../service/dynamic-link.ts";
import type { Loaded } from "../testing/browser.ts";
import {
  codeInMailbox,
  customerAt,
  fapiClient,
  toDecision,
  type FapiClient,
} from "../testing/fapi-client.ts";
import { HOSTS } from "../testing/hosts.ts";
import { WANJIKU } from "../testing/neighbours.ts";
import type { TestPartner } from "../testing/partner.ts";
import { startTestbed, type Testbed } from "../testing/testbed.ts";

let bed: Testbed;
let payments: TestPartner;
let client: FapiClient;
beforeAll(async () => {
  bed = await startTestbed();
  payments = await bed.stack.addPartner({ roles: ["PISP", "CBPII"], displayName: "Pay & Go" });
  client = await fapiClient(bed.stack, payments);
});
afterAll(async () => {
  await client?.close();
  await bed?.close();
});
beforeEach(async () => {
  const keys = await bed.stack.redis.keys("oauth:tries:*");
  if (keys.length > 0) await bed.stack.redis.del(...keys.map((key) => key.replace("oauth:", "")));
});

const request = {
  Initiation: {
    InstructedAmount: { Amount: "1200.50", Currency: "KES" },
    CreditorAccount: { SchemeName: "UK.OBIE.IBAN", Identification: "KE02", Name: "Kamau Stores" },
  },
};
const dearer = {
  Initiation: { ...request.Initiation, InstructedAmount: { Amount: "1200.51", Currency: "KES" } },
};
const elsewhere = {
  Initiation: {
    ...request.Initiation,
    CreditorAccount: { ...request.Initiation.CreditorAccount, Identification: "KE66" },
  },
};

function staged(more: object = {}): string {
  const { clientId } = payments;
  return bed.stack.neighbours.stage({
    clientId,
    kind: "domestic-payment",
    request,
    permissions: [],
    ...more,
  });
}
const pushed = async (consent: string, scope = "openid payments"): Promise<string> =>
  (await client.push(consent, { more: { scope } })).url;
const problemOf = ({ text }: Loaded): string | undefined => /role="alert">([^<]*)</.exec(text)?.[1];

test("a customer sees amount and payee, chooses one account, and the partner gets a token for payments", async () => {
  const consent = staged();
  const { url, verifier } = await client.push(consent, { more: { scope: "openid payments" } });
  const at = await customerAt(bed.stack);
  const { username, password } = WANJIKU;
  const code = await at.submit(await at.open(url), "/login", { username, password });
  expect(code.text).toContain("KES 1,200.50 to Kamau Stores");
  const mailbox = await client.fetch(`https://${HOSTS.mtlsAuth}/sandbox/mailbox/${WANJIKU.customer}`);
  expect(await mailbox.json()).toMatchObject({ pays: "KES 1,200.50 to Kamau Stores", partner: "Pay & Go" });
  const decision = await at.submit(code, "/code", { code: await codeInMailbox(client) });
  expect(decision.text).toContain("Pay &amp; Go can make exactly this payment");
  const two = await at.submit(decision, "/decision", { decision: "approve", account: ["acc-1", "acc-2"] });
  expect(problemOf(two)).toBe("Choose one account.");
  const { url: callback } = await at.submit(two, "/decision", { decision: "approve", account: "acc-1" });
  await at.close();

  const { neighbours } = bed.stack;
  expect(neighbours.authorisations.at(-1)).toMatchObject({
    id: consent,
    accounts: ["acc-1"],
    debtor: { SchemeName: "UK.OBIE.IBAN", Identification: "KE00004321", Name: "Wanjiku M." },
    sca: { method: "otp", linked: dynamicLink("domestic-payment", request) },
    shown: expect.stringContaining("[x] Everyday ••••4321 (KES)"),
  });
  const tokens = await client.exchange(callback, verifier);
  expect(decodeJwt(tokens.access_token)).toMatchObject({ scope: "payments", consent_id: consent });
});

describe("dynamic linking (EU 2018/389 article 5)", () => {
  test.each([
    { what: "amount", changed: dearer },
    { what: "payee", changed: elsewhere },
  ])("a code for another $what opens nothing", async ({ changed }) => {
    const consent = staged();
    const at = await customerAt(bed.stack);
    const { username, password } = WANJIKU;
    const page = await at.submit(await at.open(await pushed(consent)), "/login", { username, password });
    bed.stack.neighbours.change(consent, { request: changed });
    const answer = await at.submit(page, "/code", { code: await codeInMailbox(client) });
    expect(problemOf(answer)).toMatch(/not the code/);
    await at.close();
  });

  test.each([
    { what: "amount", changed: dearer },
    { what: "payee", changed: elsewhere },
  ])("with another $what than was authenticated nothing is authorised", async ({ changed }) => {
    const consent = staged();
    const at = await customerAt(bed.stack);
    const page = await toDecision(at, client, await pushed(consent));
    bed.stack.neighbours.change(consent, { request: changed });
    const answer = await at.submit(page, "/decision", { decision: "approve", account: "acc-1" });
    expect(problemOf(answer)).toMatch(/The request has changed/);
    expect(bed.stack.neighbours.consent(consent).status).toBe("AWAU");
    await at.close();
  });
});

test("a customer may pay from no other account than the partner named", async () => {
  const named = (Identification: string) => ({
    request: {
      Initiation: { ...request.Initiation, DebtorAccount: { SchemeName: "UK.OBIE.IBAN", Identification } },
    },
  });
  const at = await customerAt(bed.stack);
  const own = await toDecision(at, client, await pushed(staged(named("KE00004321"))));
  expect(own.text).toContain('value="acc-1"');
  expect(own.text).not.toContain('value="acc-2"');
  const strange = await toDecision(at, client, await pushed(staged(named("KE99"))));
  expect(strange.text).toContain("named an account that is not yours");
  const answer = await at.submit(strange, "/decision", { decision: "approve", account: "acc-1" });
  expect(problemOf(answer)).toMatch(/not yours|at least one/);
  await at.close();
});

test.each([
  { kind: "domestic-payment", scope: "openid fundsconfirmations" },
  { kind: "funds-confirmation", scope: "openid payments" },
] as const)("a consent of kind $kind is not authorised under the scope $scope", async ({ kind, scope }) => {
  const at = await customerAt(bed.stack);
  const { url } = await at.open(await pushed(staged({ kind }), scope));
  expect(url.searchParams.get("error")).toBe("invalid_request");
  await at.close();
});

test.each([
  { scope: "openid accounts", why: "its roles do not give" },
  { scope: "openid payments fundsconfirmations", why: "that are two" },
  { scope: "openid", why: "that is none" },
])("a partner is refused the scope $scope, $why", async ({ scope }) => {
  await expect(client.push(staged(), { more: { scope } })).rejects.toThrow(/response/);
});
