import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { AISP } from "../cli/quickstart/account-api.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { credentialsOf } from "../cli/quickstart/session.ts";
import { until } from "../local/wait.ts";
import { type Bank, changePartner, groupNamed, openBank } from "./support/bank.ts";
import { golden, goldenFile, refusedAnswer } from "./support/refusal.ts";
import { tlsRequest } from "./support/tls-request.ts";
import { leave, newVisitor, readAccounts, type Visitor } from "./support/visitor.ts";

let bank: Bank;
let group: Group;

beforeAll(async () => {
  bank = await openBank();
  group = groupNamed(bank, "east-africa");
});

afterAll(() => bank?.close());

/** A partner for one test. */
async function visitor(prefix: string): Promise<Visitor> {
  const made = await newVisitor(bank, group, prefix);
  onTestFinished(() => leave(bank, made));
  return made;
}

/** The answer, unless it is the status that is to end. */
function untilNot<T extends { readonly status: number }>(status: number, answer: T): T | undefined {
  return answer.status === status ? undefined : answer;
}

test("a suspended partner is refused everywhere, and served again when it is restored", async () => {
  const suspended = await visitor("suspended");
  const { partner, session } = suspended;
  expect((await readAccounts(suspended)).status).toBe(200);
  await changePartner(bank, partner.name, { suspended: true });
  const refused = await until(async () => untilNot(200, await readAccounts(suspended)), {
    timeout: 5_000,
    every: 20,
    what: "a refusal",
  });
  await expect(golden(refused)).toMatchFileSnapshot(goldenFile("partner-suspended"));
  const token = await refusedAnswer(session.authorization.clientToken());
  await expect(golden(token)).toMatchFileSnapshot(goldenFile("partner-suspended-token"));
  await changePartner(bank, partner.name, { suspended: false });
  await until(async () => (await readAccounts(suspended)).status === 200, {
    timeout: 10_000,
    every: 50,
    what: "service again",
  });
});

test("a revoked certificate is refused, also over a session that was made before", async () => {
  const { partner, given } = await visitor("revoked");
  const common = { url: `https://${group.api}${AISP}/accounts`, network: bank.network };
  const headers = { authorization: `Bearer ${given.tokens.accessToken}` };
  const before = await tlsRequest({ ...common, credentials: credentialsOf(partner), headers });
  expect(before.status).toBe(200);
  const thumbprint = partner.resource.status?.certificates?.[0]?.thumbprint ?? "";
  await changePartner(bank, partner.name, { revokedThumbprints: [thumbprint] });
  const resumed = await until(
    async () => untilNot(200, await tlsRequest({ ...common, session: before.session, headers })),
    { timeout: 5_000, every: 20, what: "a refusal" },
  );
  expect(resumed.resumed).toBe(true);
  await expect(golden(resumed)).toMatchFileSnapshot(goldenFile("certificate-revoked-resumed"));
});
