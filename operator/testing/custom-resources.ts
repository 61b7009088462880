import { API_VERSION, type FailoverGroupObject, type RegionObject } from "../../crds/resources.ts";

const sizes = { minReplicas: 1, maxReplicas: 3 };

/** A sandbox Region in Kenya, in a namespace of the hub. */
export const ke: RegionObject = {
  apiVersion: API_VERSION,
  kind: "Region",
  metadata: { name: "ke" },
  spec: {
    environment: "sandbox",
    country: "KE",
    jurisdiction: "ke-cbk",
    runtime: { gateway: sizes, services: sizes },
    database: { driver: "builtin", storage: "1Gi", readReplicas: 0 },
    demoData: true,
  },
};

/** The group whose home {@link ke} is. */
export const eastAfrica: FailoverGroupObject = {
  apiVersion: API_VERSION,
  kind: "FailoverGroup",
  metadata: { name: "east-africa" },
  spec: {
    members: ["ke"],
    residency: { mode: "servingCopy", country: "KE" },
    hosts: {
      api: "api.east-africa.openbanking.test",
      auth: "auth.east-africa.openbanking.test",
      mtlsAuth: "mtls.auth.east-africa.openbanking.test",
      tls: { secretRef: { name: "east-africa" } },
    },
  },
};
