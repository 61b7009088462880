import "reflect-metadata";
import { randomBytes } from "node:crypto";
import type { PartnerObject } from "../../../crds/resources.ts";
import type { CertificateSigningRequest } from "../../../kube/resources.ts";
import { withCertificate, withCondition } from "../../csr/condition.ts";
import { requestFromPem } from "../../csr/pem.ts";
import { readCertificateRequest } from "../../csr/request.ts";
import { ACME, partnerSigningRequest, ZONE } from "../../csr/testing/signing-request.ts";
import { type Authority, authorityFrom } from "../../signer/authority.ts";
import { issueCertificate, SERIAL_OCTETS } from "../../signer/certificate.ts";
import { partnerProfile, type Validity } from "../../signer/profile.ts";
import { type TestAuthority, testAuthority } from "../../signer/testing/authority.ts";
import { newSigningKey, shardSigner } from "../../signing-key.ts";
import { testPolicy } from "../../testing/group.ts";
import { planPartner, type PartnerPlan } from "../plan.ts";
import type { GroupWorld, PartnerWorld } from "../world.ts";

/** A life of 90 days that begins on 2026-11-22. */
export const LIFE: Validity = {
  notBefore: new Date("2026-11-22T18:00:00Z"),
  notAfter: new Date("2027-02-20T18:00:00Z"),
};

/** A CA and the operator's key, for plans without a cluster. */
export interface Enrolment {
  /** The request for a CSR with its certificate in it, as the signer leaves it. */
  issued(csr: string, life?: Validity): Promise<CertificateSigningRequest>;
  plan(partner: PartnerObject, world: Partial<PartnerWorld>, now?: Date): PartnerPlan;
}

/** Where the shard of group `ke` goes. */
export const STACK: GroupWorld = {
  name: "ke",
  region: "ke",
  cluster: "ke",
  namespace: "stack-ke",
  stack: "there",
  servers: [],
};

/** Makes a signing key, and a CA unless one is given. */
export async function enrolment(from?: TestAuthority): Promise<Enrolment> {
  const ca = from ?? (await testAuthority(ZONE));
  const authority: Authority = await authorityFrom(ca.intermediate, ca.intermediateKey);
  const signer = shardSigner([newSigningKey()]);
  return {
    async issued(csr, validity = LIFE) {
      const { publicKey } = readCertificateRequest(requestFromPem(csr) ?? new Uint8Array());
      const profile = partnerProfile(ACME, ZONE);
      const serial = randomBytes(SERIAL_OCTETS);
      const pem = await issueCertificate(authority, { profile, validity, publicKey, serial });
      const approved = { type: "Approved", reason: "Person", message: "yes" } as const;
      return withCertificate(withCondition(partnerSigningRequest(csr), approved), pem);
    },
    plan(partner, world, now = LIFE.notBefore) {
      const nothing = {
        requests: new Map(),
        approvals: [],
        risk: undefined,
        groups: [STACK],
        lostClusters: [],
      };
      return planPartner(
        partner,
        { clientId: ACME, policy: testPolicy(), ...nothing, ...world },
        now,
        signer,
      );
    },
  };
}

/** The Partner once a plan's status was written. */
export function after(partner: PartnerObject, { status }: PartnerPlan): PartnerObject {
  return { ...partner, status: status as NonNullable<PartnerObject["status"]> };
}

/** Requests as a plan's world holds them. */
export function requestsOf(...all: readonly CertificateSigningRequest[]): Partial<PartnerWorld> {
  return { requests: new Map(all.map((each) => [each.metadata.name, each])) };
}
