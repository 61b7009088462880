import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { RegionSpec } from "../../crds/region.ts";
import { EXAMPLES } from "../platform/platform.ts";
import type { Manifest } from "../platform/secrets.ts";
import { ZONE } from "../platform/trust.ts";
import { jurisdictionOf } from "./jurisdiction.ts";

/** Name of the one region and of its failover group. */
export const HERE = "here";

/** Host names of the one group. */
export const HOSTS = {
  api: `api.${HERE}.${ZONE}`,
  auth: `auth.${HERE}.${ZONE}`,
  mtlsAuth: `mtls.auth.${HERE}.${ZONE}`,
} as const;

interface Example extends Manifest {
  readonly spec: object;
}

/** The resources that the one-cluster installation starts with: the examples of the repository, moved here. */
export async function exampleResources(
  country: string,
  keyStore?: RegionSpec["keyStore"],
): Promise<readonly Manifest[]> {
  const jurisdiction = jurisdictionOf(country);
  const [policy, partner] = await Promise.all(["consent-policy.yaml", "partner.yaml"].map(example));
  if (policy === undefined || partner === undefined) throw new Error(`${EXAMPLES} lacks an example.`);
  const { apiVersion } = policy;
  return [
    {
      apiVersion,
      kind: "Region",
      metadata: { name: HERE },
      // No `cluster`: its stacks are in the hub's.
      spec: {
        environment: "sandbox",
        country,
        jurisdiction,
        demoData: true,
        ...(keyStore ? { keyStore } : {}),
      },
    },
    {
      apiVersion,
      kind: "FailoverGroup",
      metadata: { name: HERE },
      spec: {
        members: [HERE],
        residency: { mode: "local", country },
        hosts: { ...HOSTS, tls: { secretRef: { name: HERE } } },
      },
    },
    { ...policy, spec: { ...policy.spec, jurisdiction } },
    { ...partner, spec: { ...partner.spec, groups: [HERE] } },
  ];
}

async function example(file: string): Promise<Example> {
  return parse(await readFile(join(EXAMPLES, file), "utf8")) as Example;
}
