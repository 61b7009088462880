import {
  API_VERSION,
  type ConsentPolicyObject,
  type FailoverGroupObject,
  type RegionObject,
} from "../../crds/resources.ts";

/** `partners/kenya`, the policy that `testPartner` refers to. */
export function testPolicy(): ConsentPolicyObject {
  return {
    apiVersion: API_VERSION,
    kind: "ConsentPolicy",
    metadata: { namespace: "partners", name: "kenya" },
    spec: {
      jurisdiction: "ke-cbk",
      permissions: ["ReadBalances", "ReadAccountsBasic"],
      maxDurationDays: 365,
      reauthenticationDays: 180,
      transactionHistoryDays: 90,
      unattendedCallsPerDay: 4,
      sca: { methods: ["otp"] },
    },
  };
}

/** A FailoverGroup of one member. */
export function testGroup(name: string, region = name): FailoverGroupObject {
  const host = (part: string): string => `${part}.${name}.openbanking.test`;
  return {
    apiVersion: API_VERSION,
    kind: "FailoverGroup",
    metadata: { name },
    spec: {
      members: [region],
      residency: { mode: "local", country: "KE" },
      hosts: {
        api: host("api"),
        auth: host("auth"),
        mtlsAuth: host("mtls"),
        tls: { secretRef: { name: "default" } },
      },
    },
  };
}

/** A sandbox Region; with a cluster of its own when a kubeconfig Secret is named. */
export function testRegion(name: string, kubeconfigSecret?: string): RegionObject {
  const size = { minReplicas: 1, maxReplicas: 1 };
  return {
    apiVersion: API_VERSION,
    kind: "Region",
    metadata: { name },
    spec: {
      environment: "sandbox",
      country: "KE",
      jurisdiction: "ke-cbk",
      ...(kubeconfigSecret === undefined
        ? {}
        : { cluster: { kubeconfigSecretRef: { name: kubeconfigSecret } } }),
      runtime: { gateway: size, services: size },
      database: { driver: "builtin", storage: "1Gi", readReplicas: 0 },
      demoData: false,
    },
  };
}
