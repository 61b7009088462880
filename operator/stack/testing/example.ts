import type { Stack } from "../stack.ts";

/** A stack as the quickstart has it, for tests. */
export const eastAfrica: Stack = {
  group: "east-africa",
  namespace: "stack-east-africa",
  region: "ke",
  country: "KE",
  environment: "sandbox",
  demoData: true,
  hosts: {
    api: "api.east-africa.openbanking.test",
    auth: "auth.east-africa.openbanking.test",
    mtlsAuth: "mtls.auth.east-africa.openbanking.test",
  },
  images: {
    wekeza: "wekeza.test/wekeza:0123456789ab",
    postgres: "wekeza.test/postgres:0123456789ab",
    redis: "wekeza.test/redis:0123456789ab",
  },
  gateway: { minReplicas: 2, maxReplicas: 6 },
  services: { minReplicas: 1, maxReplicas: 3 },
  webhooks: { privateHosts: ["10.80.0.1"] },
  storage: "1Gi",
  trust: {
    keys: [{ kid: "k1", kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }],
  },
  hostTls: { certificate: "Y2VydGlmaWNhdGU=", key: "a2V5" },
  serviceCa: "-----BEGIN CERTIFICATE-----\nservice\n-----END CERTIFICATE-----\n",
  partnerCa: "-----BEGIN CERTIFICATE-----\npartner\n-----END CERTIFICATE-----\n",
  apiServer: [
    { cidr: "10.96.0.1/32", port: 443 },
    { cidr: "10.80.0.12/32", port: 6443 },
  ],
  operator: { namespace: "wekeza-region", name: "wekeza-operator" },
};
