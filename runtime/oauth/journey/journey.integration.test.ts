import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  authorised,
  codeInMailbox,
  customerAt,
  type FapiClient,
  toDecision,
} from "../testing/fapi-client.ts";
import type { Loaded } from "../testing/browser.ts";
import { WANJIKU } from "../testing/neighbours.ts";
import { testClient } from "../testing/network.ts";
import { HOSTS } from "../testing/hosts.ts";
import type { TestPartner } from "../testing/partner.ts";
import type { TestStack } from "../testing/stack.ts";
import { startTestbed, type Testbed } from "../testing/testbed.ts";

const { username, password, customer: CUSTOMER } = WANJIKU;
let bed: Testbed;
let stack: TestStack;
let acme: TestPartner;
let client: FapiClient;

beforeAll(async () => {
  bed = await startTestbed();
  ({ stack, acme, client } = bed);
});
afterAll(() => bed?.close());

const staged = (): string => stack.neighbours.stage({ clientId: acme.clientId });
const pushed = async (consent = staged()): Promise<string> => (await client.push(consent)).url;
const problemOf = ({ text }: Loaded): string | undefined => /role="alert">([^<]*)</.exec(text)?.[1];
const titleOf = ({ text }: Loaded): string | undefined => /<title>([^<]*)</.exec(text)?.[1];

/** Forgets all counted tries, so that tests do not use up one another's. */
async function forgetTries(): Promise<void> {
  const keys = await stack.redis.keys("oauth:tries:*");
  if (keys.length > 0) await stack.redis.del(...keys.map((key) => key.replace("oauth:", "")));
}

describe("logging in", () => {
  test("a wrong password is answered as an unknown user is", async () => {
    const at = await customerAt(stack);
    const page = await at.open(await pushed());
    const wrong = await at.submit(page, "/login", { username, password: "wrong" });
    const unknown = await at.submit(wrong, "/login", { username: "nobody", password });
    expect(wrong.status).toBe(400);
    expect(titleOf(wrong)).toBe("Problem: Log in to continue");
    expect(problemOf(wrong)).toBe(problemOf(unknown));
    expect(problemOf(wrong)).toBeDefined();
    await at.close();
  });

  test("after five wrong passwords an interaction takes not even the right one", async () => {
    await forgetTries();
    const at = await customerAt(stack);
    let page = await at.open(await pushed());
    for (let n = 0; n < 5; n += 1)
      page = await at.submit(page, "/login", { username, password: `wrong ${n}` });
    const last = await at.submit(page, "/login", { username, password });
    expect(problemOf(last)).toMatch(/too many tries/);
    await at.close();
  });

  test("after ten wrong passwords over several interactions the user is locked out for a while", async () => {
    await forgetTries();
    const at = await customerAt(stack);
    for (let n = 0; n < 10; n += 1) {
      await at.submit(await at.open(await pushed()), "/login", { username: "Wanjiku ", password: "wrong" });
    }
    const page = await at.submit(await at.open(await pushed()), "/login", { username, password });
    expect(problemOf(page)).toMatch(/too many tries/);
    await forgetTries();
    await at.close();
  });
});

describe("the one-time code", () => {
  test("after five wrong codes not even the right one works, but another one does", async () => {
    await forgetTries();
    const at = await customerAt(stack);
    let page = await at.submit(await at.open(await pushed()), "/login", { username, password });
    const right = await codeInMailbox(client);
    const wrong = right === "000000" ? "000001" : "000000";
    for (let n = 0; n < 5; n += 1) page = await at.submit(page, "/code", { code: wrong });
    expect(problemOf(await at.submit(page, "/code", { code: right }))).toMatch(/no longer be used/);
    page = await at.submit(page, "/another-code");
    page = await at.submit(page, "/code", { code: await codeInMailbox(client) });
    expect(titleOf(page)).toBe("Share information with Acme Finance?");
    await at.close();
  });

  test("of one interaction is worth nothing in another of the same customer", async () => {
    await forgetTries();
    const [one, other] = [await customerAt(stack), await customerAt(stack)];
    const first = await one.submit(await one.open(await pushed()), "/login", { username, password });
    const codeOfFirst = await codeInMailbox(client);
    const second = await other.submit(await other.open(await pushed()), "/login", { username, password });
    expect(problemOf(await other.submit(second, "/code", { code: codeOfFirst }))).toMatch(/not the code/);
    expect(titleOf(await one.submit(first, "/code", { code: codeOfFirst }))).toMatch(/^Share/);
    await Promise.all([one.close(), other.close()]);
  });

  test("tried by many at once counts every try", async () => {
    await forgetTries();
    const at = await customerAt(stack);
    const page = await at.submit(await at.open(await pushed()), "/login", { username, password });
    const right = await codeInMailbox(client);
    const guesses = Array.from({ length: 12 }, (_, n) =>
      String((Number(right) + 1 + n) % 1_000_000).padStart(6, "0"),
    );
    await Promise.all(guesses.map((code) => at.submit(page, "/code", { code })));
    expect(problemOf(await at.submit(page, "/code", { code: right }))).toMatch(/no longer be used/);
    await at.close();
  });

  test("is read from the mailbox by live partners only", async () => {
    const at = await customerAt(stack);
    await at.submit(await at.open(await pushed()), "/login", { username, password });
    const path = `/sandbox/mailbox/${CUSTOMER}`;
    const answer = await client.fetch(`https://${HOSTS.mtlsAuth}${path}`);
    expect(await answer.json()).toEqual({
      code: expect.stringMatching(/^\d{6}$/),
      consent: expect.stringMatching(/^aac-/),
      partner: "Acme Finance",
      sentAt: expect.any(String),
    });
    const anybody = testClient(stack.ports, { ca: stack.hostCa });
    expect((await anybody.fetch(`https://${HOSTS.auth}${path}`)).status).toBe(404);
    expect((await client.fetch(`https://${HOSTS.mtlsAuth}/sandbox/mailbox/nobody`)).status).toBe(404);
    await Promise.all([at.close(), anybody.close()]);
  });
});

describe("a form", () => {
  test("that does not prove to be ours is refused", async () => {
    const at = await customerAt(stack);
    const page = await at.open(await pushed());
    for (const csrf of ["", "x".repeat(43)]) {
      const text = page.text.replace(/name="csrf" value="[^"]*"/, `name="csrf" value="${csrf}"`);
      const answer = await at.submit({ ...page, text }, "/login", { username, password });
      expect([answer.status, answer.text]).toEqual([403, expect.stringContaining("form_not_ours")]);
    }
    await at.close();
  });

  test("of another browser's interaction is refused", async () => {
    const [hers, his] = [await customerAt(stack), await customerAt(stack)];
    const page = await hers.open(await pushed());
    await his.open(await pushed());
    const answer = await his.submit(page, "/login", { username, password });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("interaction_not_found")]);
    await Promise.all([hers.close(), his.close()]);
  });

  test("of the decision before the code was entered decides nothing", async () => {
    await forgetTries();
    const consent = staged();
    const at = await customerAt(stack);
    const page = await at.submit(await at.open(await pushed(consent)), "/login", { username, password });
    const text = page.text.replace("/code", "/decision");
    const answer = await at.submit({ ...page, text }, "/decision", { decision: "approve", account: "acc-1" });
    expect(titleOf(answer)).toBe("Enter the code we sent you");
    expect(stack.neighbours.consent(consent).status).toBe("AWAU");
    await at.close();
  });
});

describe("the decision", () => {
  test.each([
    { what: "without an account", fields: { decision: "approve" }, want: /at least one account/ },
    {
      what: "with somebody else's account",
      fields: { decision: "approve", account: ["acc-1", "acc-9"] },
      want: /not yours/,
    },
    { what: "with neither yes nor no", fields: { account: "acc-1" }, want: /Choose/ },
  ])("$what is not taken", async ({ fields, want }) => {
    await forgetTries();
    const consent = staged();
    const at = await customerAt(stack);
    const page = await at.submit(await toDecision(at, client, await pushed(consent)), "/decision", fields);
    expect(problemOf(page)).toMatch(want);
    expect(stack.neighbours.consent(consent).status).toBe("AWAU");
    await at.close();
  });

  test("sent twice at once is carried out once", async () => {
    await forgetTries();
    const consent = staged();
    const at = await customerAt(stack);
    const page = await toDecision(at, client, await pushed(consent));
    const yes = { decision: "approve", account: "acc-1" };
    const answers = await Promise.all([1, 2, 3, 4].map(() => at.submit(page, "/decision", yes)));
    const codes = answers.map(({ url }) => url.searchParams.get("code")).filter((code) => code !== null);
    expect(codes).toHaveLength(1);
    expect(stack.neighbours.authorisations.filter(({ id }) => id === consent)).toHaveLength(1);
    await at.close();
  });

  test("in two interactions begun with one request_uri ends in one code", async () => {
    await forgetTries();
    const url = await pushed();
    const [one, other] = [await customerAt(stack), await customerAt(stack)];
    const pages = [await toDecision(one, client, url), await toDecision(other, client, url)] as const;
    const yes = { decision: "approve", account: "acc-1" };
    const ends = [
      await one.submit(pages[0], "/decision", yes),
      await other.submit(pages[1], "/decision", yes),
    ];
    expect(ends.map((end) => end.url.searchParams.has("code"))).toEqual([true, false]);
    await Promise.all([one.close(), other.close()]);
  });

  test("of a partner suspended meanwhile is not asked for", async () => {
    await forgetTries();
    const partner = await stack.addPartner({ displayName: "Brief" });
    const { fapiClient } = await import("../testing/fapi-client.ts");
    const briefly = await fapiClient(stack, partner);
    const { url } = await briefly.push(stack.neighbours.stage({ clientId: partner.clientId }));
    const at = await customerAt(stack);
    const page = await at.open(url);
    stack.roster({ [partner.clientId]: { suspended: true } });
    const answer = await at.submit(page, "/login", { username, password });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("partner_not_served")]);
    stack.roster({});
    await Promise.all([at.close(), briefly.close()]);
  });
});

describe("over HTTPS, of 16 at once", () => {
  test("one exchange of a code succeeds", async () => {
    await forgetTries();
    const { callback, verifier } = await authorised(stack, client, staged());
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => client.rawExchange(callback, verifier)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const [won] = answers.filter(({ status }) => status === 200);
    expect((await client.rawRefresh(String(won?.body["refresh_token"]))).status).toBe(400);
  });

  test("every refresh succeeds, with the same refresh token", async () => {
    await forgetTries();
    const { callback, verifier } = await authorised(stack, client, staged());
    const { refresh_token: token = "" } = await client.exchange(callback, verifier);
    const answers = await Promise.all(Array.from({ length: 16 }, () => client.rawRefresh(token)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body["refresh_token"])}`))).toEqual(
      new Set([`200 ${token}`]),
    );
    expect(new Set(answers.map(({ body }) => body["access_token"])).size).toBe(16);
  });

  test("one use of an assertion succeeds", async () => {
    const { requestFor } = await import("../testing/fapi-client.ts");
    const { parameters } = await requestFor(acme, staged());
    const assertion = (_header: object, claims: Record<string, unknown>): void =>
      void (claims["jti"] = "at-once");
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => client.rawPush(parameters, { assertion })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(15);
  });
});

test("a refresh token the partner revokes is dead, and the consent is not", async () => {
  await forgetTries();
  const { revocationRequest } = await import("oauth4webapi");
  const consent = staged();
  const { callback, verifier } = await authorised(stack, client, consent);
  const { refresh_token: token = "" } = await client.exchange(callback, verifier);
  const answer = await revocationRequest(client.as, client.client, client.auth(), token, client.options);
  expect(answer.status).toBe(200);
  expect((await client.rawRefresh(token)).status).toBe(400);
  expect(stack.neighbours.consent(consent).status).toBe("AUTH");
});
