import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AISP } from "../cli/quickstart/account-api.ts";
import { type Authorization, discover, type Identity } from "../cli/quickstart/authorization.ts";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import { StepFailed } from "../cli/quickstart/failure.ts";
import { signingKeyOf } from "../cli/quickstart/partner-keys.ts";
import { WANTED_PERMISSIONS } from "../cli/quickstart/partner-resource.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import {
  credentialsOf,
  type GivenConsent,
  givenConsent,
  openSession,
  type Session,
} from "../cli/quickstart/session.ts";
import { until } from "../local/wait.ts";
import {
  type Bank,
  changePartner,
  enrolPartner,
  groupNamed,
  openBank,
  removePartner,
  type TestPartner,
} from "./support/bank.ts";
import { goldenText, refusalOf } from "./support/refusal.ts";
import { tlsRequest } from "./support/tls-request.ts";

/** A partner with an open session and a consent a customer gave it. */
interface Ready {
  readonly partner: TestPartner;
  readonly session: Session;
  readonly given: GivenConsent;
}

let bank: Bank;
let group: Group;
let a: Ready;
let b: Ready;
const tomorrow = () => new Date(Date.now() + 86_400_000);

async function ready(prefix: string): Promise<Ready> {
  const partner = await enrolPartner(bank, prefix);
  const session = await openSession(group, partner, bank.network);
  return {
    partner,
    session,
    given: await givenConsent(session, demoCustomer(group), WANTED_PERMISSIONS, tomorrow()),
  };
}

beforeAll(async () => {
  bank = await openBank();
  group = groupNamed(bank, "east-africa");
  a = await ready("refusal-a");
  b = await ready("refusal-b");
});

afterAll(async () => {
  for (const each of [a, b]) {
    await each?.session.close();
    if (each !== undefined) await removePartner(bank, each.partner.name);
  }
  await bank?.close();
});

interface Answered {
  readonly status: number;
  readonly headers?: Headers | undefined;
  readonly body: string;
}

const goldenFile = (name: string) => `golden/refusals/${name}.json`;

/** The lasting part of a refusal, as its golden file has it. */
function golden({ status, headers = new Headers(), body }: Answered): string {
  return goldenText(refusalOf({ status, headers, body }));
}

/** The answer of the authorization server to something it must refuse. */
async function refusedAnswer(work: Promise<unknown>): Promise<Answered> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error("The authorization server did what it had to refuse.");
  if (error instanceof StepFailed && error.answer !== undefined) return error.answer;
  throw error;
}

/** Speaks to the authorization server over A's certificate as someone else says they are. */
async function overCertificateOfA(identity: Partial<Identity>): Promise<Authorization> {
  const own = { clientId: a.partner.clientId, redirectUri: a.partner.redirectUri };
  const signingKey = await signingKeyOf(a.partner.keys);
  return discover(new URL(`https://${group.auth}`), a.session.http, { ...own, signingKey, ...identity });
}

describe("at the API", () => {
  test.each([
    { name: "no-token", call: () => a.session.api.call("GET", "/accounts", undefined) },
    { name: "no-such-token", call: () => a.session.api.call("GET", "/accounts", "eyJhbGciOiJub25lIn0.e30.") },
    {
      name: "token-in-query",
      call: () =>
        a.session.api.call("GET", `/accounts?access_token=${a.given.tokens.accessToken}`, undefined),
    },
    {
      name: "token-of-other-partner",
      call: () => a.session.api.call("GET", "/accounts", b.given.tokens.accessToken),
    },
    {
      name: "own-token-without-customer",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        return a.session.api.call("GET", "/accounts", accessToken);
      },
    },
    {
      name: "consent-of-other-partner-read",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        return a.session.api.call("GET", `/account-access-consents/${b.given.consentId}`, accessToken);
      },
    },
    {
      name: "consent-of-other-partner-deleted",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        return a.session.api.call("DELETE", `/account-access-consents/${b.given.consentId}`, accessToken);
      },
    },
    {
      name: "consent-unknown",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        return a.session.api.call("GET", `/account-access-consents/${randomUUID()}`, accessToken);
      },
    },
    {
      name: "account-unknown",
      call: () => a.session.api.call("GET", `/accounts/${randomUUID()}/balances`, a.given.tokens.accessToken),
    },
    { name: "address-unknown", call: () => a.session.api.call("GET", "/moon", a.given.tokens.accessToken) },
    {
      name: "method-unknown",
      call: () => a.session.api.call("PUT", "/accounts", a.given.tokens.accessToken),
    },
    {
      name: "permissions-contradictory",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        const body = { Data: { Permissions: ["ReadTransactionsCredits"] }, Risk: {} };
        return a.session.api.call("POST", "/account-access-consents", accessToken, body);
      },
    },
    {
      name: "permission-outside-policy",
      call: async () => {
        const { accessToken } = await a.session.authorization.clientToken();
        const body = { Data: { Permissions: ["ReadAccountsBasic", "ReadParty"] }, Risk: {} };
        return a.session.api.call("POST", "/account-access-consents", accessToken, body);
      },
    },
  ])("$name is refused as the golden table says", async ({ name, call }) => {
    await expect(golden(await call())).toMatchFileSnapshot(goldenFile(name));
  });

  test("what the consent does not contain is refused, what it contains is read", async () => {
    const { tokens } = await givenConsent(a.session, demoCustomer(group), ["ReadAccountsBasic"], tomorrow());
    const [account] = await a.session.api.accounts(tokens.accessToken);
    const path = `/accounts/${account?.AccountId}/balances`;
    await expect(golden(await a.session.api.call("GET", path, tokens.accessToken))).toMatchFileSnapshot(
      goldenFile("permission-missing"),
    );
  });

  test("a consent that was deleted by another partner is still there", async () => {
    expect(await b.session.api.accounts(b.given.tokens.accessToken)).not.toEqual([]);
  });
});

describe("at the TLS connection", () => {
  const accounts = () => `https://${group.api}${AISP}/accounts`;
  const bearer = ({ given }: Ready) => ({ authorization: `Bearer ${given.tokens.accessToken}` });

  test("a token without any certificate gets no further than the handshake", async () => {
    const call = tlsRequest({ url: accounts(), network: bank.network, headers: bearer(a) });
    await expect(call).rejects.toMatchObject({ code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" });
  });

  test("B's token over a session of A is refused when the session is resumed without a certificate", async () => {
    const common = { url: accounts(), network: bank.network };
    const first = await tlsRequest({ ...common, credentials: credentialsOf(a.partner), headers: bearer(a) });
    expect(first.status).toBe(200);
    const resumed = { ...common, session: first.session };
    // Resumption itself works: A's own token is served by it, so what follows is refused for the token alone.
    expect(await tlsRequest({ ...resumed, headers: bearer(a) })).toMatchObject({
      status: 200,
      resumed: true,
    });
    const stolen = await tlsRequest({ ...resumed, headers: bearer(b) });
    expect(stolen.resumed).toBe(true);
    await expect(golden(stolen)).toMatchFileSnapshot(goldenFile("token-of-other-partner-resumed"));
  });
});

describe("at the authorization server", () => {
  test("A's signature in B's name", async () => {
    const authorization = await overCertificateOfA({ clientId: b.partner.clientId });
    await expect(golden(await refusedAnswer(authorization.clientToken()))).toMatchFileSnapshot(
      goldenFile("client-id-of-other-partner"),
    );
  });

  test("B's stolen signing key over A's certificate", async () => {
    const signingKey = await signingKeyOf(b.partner.keys);
    const authorization = await overCertificateOfA({ clientId: b.partner.clientId, signingKey });
    await expect(golden(await refusedAnswer(authorization.clientToken()))).toMatchFileSnapshot(
      goldenFile("certificate-of-other-partner"),
    );
  });

  test("B's consent pushed by A", async () => {
    const own = await b.session.authorization.clientToken();
    const consentId = await b.session.api.createConsent(own.accessToken, WANTED_PERMISSIONS, tomorrow());
    const attempt = async () => {
      const pushed = await a.session.authorization.push(consentId);
      await a.session.consent(demoCustomer(group), pushed);
    };
    const { status, headers, body } = await refusedAnswer(attempt());
    await expect(golden({ status, headers, body })).toMatchFileSnapshot(
      goldenFile("consent-of-other-partner-pushed"),
    );
    const answer = await b.session.api.call("GET", `/account-access-consents/${consentId}`, own.accessToken);
    expect(JSON.parse(answer.body)).toMatchObject({ Data: { Status: "AWAU" } });
  });

  test("a code that was used, and what was got for it", async () => {
    const own = await a.session.authorization.clientToken();
    const consentId = await a.session.api.createConsent(own.accessToken, WANTED_PERMISSIONS, tomorrow());
    const pushed = await a.session.authorization.push(consentId);
    const { callback } = await a.session.consent(demoCustomer(group), pushed);
    await a.session.authorization.exchange(callback, pushed);
    await expect(
      golden(await refusedAnswer(a.session.authorization.exchange(callback, pushed))),
    ).toMatchFileSnapshot(goldenFile("code-used"));
  });
});

describe("after the bank has taken something away", () => {
  test("a suspended partner is refused everywhere, and served again when it is restored", async () => {
    const { partner, session, given } = await ready("suspended");
    try {
      await changePartner(bank, partner.name, { suspended: true });
      const read = () => session.api.call("GET", "/accounts", given.tokens.accessToken);
      const refused = await until(async () => untilNot(200, await read()), {
        timeout: 5_000,
        every: 20,
        what: "a refusal",
      });
      await expect(golden(refused)).toMatchFileSnapshot(goldenFile("partner-suspended"));
      await expect(golden(await refusedAnswer(session.authorization.clientToken()))).toMatchFileSnapshot(
        goldenFile("partner-suspended-token"),
      );
      await changePartner(bank, partner.name, { suspended: false });
      await until(async () => (await read()).status === 200, {
        timeout: 10_000,
        every: 50,
        what: "service again",
      });
    } finally {
      await session.close();
      await removePartner(bank, partner.name);
    }
  });

  test("a revoked certificate is refused, also over a session that was made before", async () => {
    const { partner, session, given } = await ready("revoked");
    try {
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
    } finally {
      await session.close();
      await removePartner(bank, partner.name);
    }
  });
});

function untilNot<T extends { readonly status: number }>(status: number, answer: T): T | undefined {
  return answer.status === status ? undefined : answer;
}
