import { expect, test } from "vitest";
import { withCertificate, withCondition } from "../csr/condition.ts";
import { allowedForService, CSR_ANNOTATION } from "../csr/names.ts";
import { requestPem } from "../csr/testing/requests.ts";
import {
  ACME,
  OPERATOR,
  partnerSigningRequest,
  serviceSigningRequest,
  ZONE,
} from "../csr/testing/signing-request.ts";
import { decidePartner, decideService } from "./decision.ts";

const settings = { zone: ZONE, requester: OPERATOR };
const yes = { type: "Approved", reason: "x", message: "x" } as const;
const service = { serviceAccount: "oauth", namespace: "stack-ke" };
const serviceNames = allowedForService(service).dnsNames.map((value) => ({ type: "dns" as const, value }));

test("the partner signer signs what was approved, under the partner's client id", async () => {
  const csr = partnerSigningRequest(await requestPem());
  expect(decidePartner(withCondition(csr, yes), settings)).toMatchObject({
    do: "sign",
    profile: { commonName: ACME },
  });
});

test("the partner signer touches nothing that nobody approved, or that is finished", async () => {
  const csr = partnerSigningRequest(await requestPem());
  const approved = withCondition(csr, yes);
  const others = [csr, withCertificate(approved, "x"), withCondition(approved, { ...yes, type: "Failed" })];
  expect(others.map((each) => decidePartner(each, settings).do)).toEqual(["nothing", "nothing", "nothing"]);
});

test("an approved request that breaks the policy is failed with the reason", async () => {
  const pem = await requestPem({ names: [{ type: "dns", value: "*.test" }] });
  expect(decidePartner(withCondition(partnerSigningRequest(pem), yes), settings)).toMatchObject({
    do: "state",
    condition: { type: "Failed", message: expect.stringContaining("wildcard") },
  });
});

test("an approved request of another requester, name, usage or partner is failed", async () => {
  const csr = withCondition(partnerSigningRequest(await requestPem()), yes);
  const foreign = [
    { ...csr, spec: { ...csr.spec, username: "system:admin" } },
    { ...csr, spec: { ...csr.spec, usages: ["server auth"] } },
    { ...csr, metadata: { ...csr.metadata, name: `${csr.metadata.name}0` } },
    {
      ...csr,
      metadata: {
        ...csr.metadata,
        annotations: { ...csr.metadata.annotations, [CSR_ANNOTATION.partner]: "partners/evil" },
      },
    },
  ];
  const decided = foreign.map((each) => decidePartner(each, settings));
  expect(decided.map((each) => each.do === "state" && each.condition.type)).toEqual(
    decided.map(() => "Failed"),
  );
});

test("the service signer approves a ServiceAccount that asks for its own name, then signs", async () => {
  const csr = serviceSigningRequest(await requestPem({ subject: "CN=oauth.stack-ke", names: serviceNames }));
  const decision = decideService(csr, true);
  expect(decision).toMatchObject({ do: "state", condition: { type: "Approved" } });
  expect(decideService(withCondition(csr, yes), true)).toMatchObject({
    do: "sign",
    profile: { commonName: "oauth.stack-ke", maxSeconds: 86_400 },
  });
});

test("the service signer denies everybody else, and fails what somebody else approved", async () => {
  const good = serviceSigningRequest(await requestPem({ subject: "CN=oauth.stack-ke", names: serviceNames }));
  const as = (username: string) => ({ ...good, spec: { ...good.spec, username } });
  const foreign = serviceSigningRequest(await requestPem({ subject: "CN=postgres.stack-ke" }));
  const elsewhere = serviceSigningRequest(
    await requestPem({ subject: "CN=oauth.stack-ke", names: [{ type: "dns", value: "postgres" }] }),
  );
  const refused = [
    decideService(as("system:serviceaccount:stack-ke:banking"), true),
    decideService(as("system:serviceaccount:stack-eu:oauth"), true),
    decideService(as("kubernetes-admin"), true),
    decideService(good, false),
    decideService(foreign, true),
    decideService(elsewhere, true),
    decideService(
      serviceSigningRequest(await requestPem({ key: "rsa2048", subject: "CN=oauth.stack-ke" })),
      true,
    ),
  ];
  expect(refused.map((each) => each.do === "state" && each.condition.type)).toEqual(
    refused.map(() => "Denied"),
  );
  expect(decideService(withCondition(as("kubernetes-admin"), yes), true)).toMatchObject({
    do: "state",
    condition: { type: "Failed" },
  });
});
