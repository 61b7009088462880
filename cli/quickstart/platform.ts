import { readFile } from "node:fs/promises";
import type { Client } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/object.ts";
import { services } from "../../kube/resources.ts";
import { failoverGroups, regions } from "../../crds/resources.ts";
import { StepFailed } from "./failure.ts";

/** Namespace of the platform's own name server in the hub. */
const DNS_NAMESPACE = "wekeza-dns";

/** One failover group as a partner sees it: three host names. */
export interface Group {
  readonly name: string;
  readonly api: string;
  readonly auth: string;
  readonly mtlsAuth: string;
  /** Name of the region that serves it. */
  readonly region: string | undefined;
  /** Country of that region, ISO 3166: whose demo customers it has. */
  readonly country: string | undefined;
}

interface Service extends KubeObject {
  readonly spec?: { readonly ports?: readonly { readonly port: number; readonly protocol?: string }[] };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/**
 * The address of the name server that knows the platform's hosts, out of its Service's status.
 *
 * @throws StepFailed when it has none.
 */
export async function nameServer(client: Client): Promise<string> {
  const { items } = await client.list(services, { namespace: DNS_NAMESPACE });
  const found = (items as readonly KubeObject[] as readonly Service[])
    .filter(
      ({ spec }) => spec?.ports?.some(({ port, protocol }) => port === 53 && protocol === "UDP") === true,
    )
    .flatMap(({ status }) => status?.loadBalancer?.ingress ?? [])
    .find(({ ip }) => ip !== undefined)?.ip;
  if (found !== undefined) return found;
  throw new StepFailed(
    `no Service in the namespace ${DNS_NAMESPACE} of the hub has an address for UDP port 53`,
    {
      next: `see \`kubectl get service --namespace ${DNS_NAMESPACE}\`; \`make up\` gives it one`,
    },
  );
}

/**
 * The groups asked for, in the order of their names.
 *
 * @param wanted a group's name, or `all`.
 * @throws StepFailed when there is none of that name.
 */
export async function groupsNamed(client: Client, wanted: string): Promise<readonly Group[]> {
  const [{ items }, places] = await Promise.all([client.list(failoverGroups), client.list(regions)]);
  const countryOf = (region: string | undefined) =>
    places.items.find(({ metadata }) => metadata.name === region)?.spec.country;
  const known = items
    .map(({ metadata: { name }, spec: { hosts, members }, status }) => ({
      name,
      api: hosts.api,
      auth: hosts.auth,
      mtlsAuth: hosts.mtlsAuth,
      region: status?.active ?? members[0],
      country: countryOf(status?.active ?? members[0]),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
  const chosen = wanted === "all" ? known : known.filter(({ name }) => name === wanted);
  if (chosen.length > 0) return chosen;
  const names = known.map(({ name }) => name).join(", ");
  throw new StepFailed(
    wanted === "all" ? "there is no FailoverGroup yet" : `there is no FailoverGroup ${wanted}`,
    {
      next: names === "" ? "apply the examples with `make up`" : `choose one of: ${names}, all`,
    },
  );
}

/** The root certificate under which the platform's hosts are verified, PEM. */
export async function rootCertificate(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new StepFailed("the local root certificate cannot be read", {
      cause,
      next: "run `make up` with the same WEKEZA_INSTANCE or CONTEXT, which writes it",
    });
  });
}
