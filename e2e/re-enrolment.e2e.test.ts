import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { approve } from "../cli/quickstart/enrolment.ts";
import { createHttp, type Exchange, type Http } from "../cli/quickstart/http.ts";
import { createPartnerKeys } from "../cli/quickstart/partner-keys.ts";
import { NAMESPACE } from "../cli/quickstart/partner-resource.ts";
import { credentialsOf } from "../cli/quickstart/session.ts";
import { partners } from "../crds/resources.ts";
import type { ObjectKey } from "../kube/object.ts";
import { until } from "../local/wait.ts";
import { type Bank, openBank, type TestPartner } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { leave, newVisitor, readAccounts, type Visitor, visitorAt } from "./support/visitor.ts";

let bank: Bank;
let visitor: Visitor;
let http: Http;
/** The partner with the certificate that it got by itself. */
let renewed: TestPartner;
const visits: Visitor[] = [];

beforeAll(async () => {
  bank = await openBank();
  const [group] = bank.groups;
  if (!group) throw new Error("The platform has no FailoverGroup.");
  visitor = await newVisitor(bank, group, "renewing");
  const { partner } = visitor;
  http = createHttp({ ...bank.network, credentials: credentialsOf(partner) });
  const { csr, transportKey } = await createPartnerKeys(partner.clientId);
  const est = `https://${group.api}/.well-known/est`;
  const body = csr.replaceAll(/-----[A-Z ]+-----/g, "");
  const ask = () =>
    http.send(`${est}/simplereenroll`, {
      method: "POST",
      headers: { "content-type": "application/pkcs10" },
      body,
    });
  const asked = await ask();
  if (asked.status !== 202) throw new Error(`${asked.status} ${asked.body}`);
  // Its namespace is not labelled for approval without a person.
  const request = await until(
    async () => (await bank.sre.get(partners, key(partner)))?.status?.enrolment?.request,
    { timeout: 60_000, every: 500, what: "the operator to take the request" },
  );
  await approve(bank.compliance, request, new Date());
  const answer = await until(
    async () => {
      const answered = await ask();
      if (answered.status === 200) return answered;
      if (answered.status !== 202) throw new Error(`${answered.status} ${answered.body}`);
      return undefined;
    },
    { timeout: 60_000, every: 1_000, what: "the certificate" },
  );
  const chain = certificatesOf(await http.send(`${est}/cacerts`));
  const keys = { ...partner.keys, transportKey };
  renewed = { ...partner, keys, certificate: certificatesOf(answer) + chain };
}, 180_000);

afterAll(() =>
  inAnyCase(
    ...visits.map(
      ({ session }) =>
        () =>
          session.close(),
    ),
    () => http?.close(),
    () => leave(bank, visitor),
    () => bank?.close(),
  ),
);

const key = ({ name }: TestPartner): ObjectKey => ({ namespace: NAMESPACE, name });

/** What OpenSSL reads out of a certs-only answer, PEM. */
function certificatesOf({ status, body }: Exchange): string {
  if (status !== 200) throw new Error(`${status} ${body}`);
  const der = Buffer.from(body, "base64");
  return execFileSync("openssl", ["pkcs7", "-inform", "DER", "-print_certs"], { input: der }).toString();
}

test("a partner renews its certificate itself, and nobody touches its resource", async () => {
  const { partner } = visitor;
  const [before, after] = [partner.certificate, renewed.certificate].map((pem) => new X509Certificate(pem));
  expect(after?.subject).toBe(before?.subject);
  expect(after?.subjectAltName).toBe(before?.subjectAltName);
  expect(after?.fingerprint256).not.toBe(before?.fingerprint256);
  const resource = await bank.sre.get(partners, key(partner));
  expect(resource?.metadata.generation).toBe(partner.resource.metadata.generation);
  expect(resource?.status?.enrolment).toMatchObject({ state: "Issued" });
  expect(resource?.status?.certificates?.[0]).toMatchObject({ enrolled: { lineage: [expect.any(String)] } });
});

test("the new certificate serves in every group, with tokens of its own, and the old one serves beside it", async () => {
  await until(
    async () => {
      const resource = await bank.sre.get(partners, key(renewed));
      return resource?.status?.certificates?.[0]?.previous?.retires;
    },
    { timeout: 60_000, every: 500, what: "every stack to serve the new certificate" },
  );
  for (const group of bank.groups) {
    const visit = await visitorAt(bank, group, renewed);
    visits.push(visit);
    expect((await readAccounts(visit)).status).toBe(200);
  }
  expect((await readAccounts(visitor)).status).toBe(200);
});
