import { generateKeyPairSync } from "node:crypto";
import type { PartnerSpec } from "../../crds/partner.ts";
import { API_VERSION, type PartnerObject } from "../../crds/resources.ts";

/** A new public key, as a partner writes it into its Partner. */
export function testJwk(kid: string): PartnerSpec["jwks"]["keys"][number] {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return { kty: "EC", crv: "P-256", kid, alg: "ES256", use: "sig", x, y };
}

/** `partners/acme` with one certificate, in one group `ke`. */
export function testPartner(csr: string, spec: Partial<PartnerSpec> = {}): PartnerObject {
  return {
    apiVersion: API_VERSION,
    kind: "Partner",
    metadata: { namespace: "partners", name: "acme" },
    spec: {
      displayName: "Acme Finance",
      roles: ["AISP"],
      securityProfile: "fapi2-security",
      senderConstraint: "mtls",
      clientAuthentication: "private_key_jwt",
      redirectURIs: ["https://acme.example/callback"],
      jwks: { keys: [testJwk("acme-1")] },
      certificates: [{ name: "primary", csr }],
      consentPolicyRef: { name: "kenya" },
      groups: ["ke"],
      tier: "shared",
      rateLimit: { requestsPerSecond: 200, burst: 400, maxConcurrent: 50 },
      suspended: false,
      revokedThumbprints: [],
      ...spec,
    },
  };
}
