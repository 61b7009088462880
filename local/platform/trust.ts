import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createAuthority, type KeyPair } from "../toolchain/certificate.ts";
import { createPartnerAuthority, type PartnerAuthority } from "./partner-authority.ts";

/** Zone of partners' certificate names, and of every host name of a local platform. */
export const ZONE = "openbanking.test";

/** Every authority a platform starts from. Made once per instance and kept in its run folder until `make down`. */
export interface Trust {
  readonly partner: PartnerAuthority;
  /** Service authority of each region, by region. */
  readonly service: Readonly<Record<string, KeyPair>>;
  /** What clients pass as `ca` when they call the platform. */
  readonly hostRoot: string;
  /** Server certificate of each failover group's three hosts, by the name of its Secret. */
  readonly hosts: Readonly<Record<string, KeyPair>>;
}

export interface TrustRequest {
  readonly regions: readonly string[];
  /** Host names to certify, by the name of the Secret that will hold the certificate. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
}

/** New keys for everything that is asked for. */
export async function createTrust({ regions, hosts }: TrustRequest, now: Date): Promise<Trust> {
  const hostAuthority = await createAuthority("Wekeza local root", now);
  const service = await Promise.all(
    regions.map(async (region) => {
      const { key, certificate } = await createAuthority(`Wekeza services ${region}`, now);
      return [region, { key, certificate }] as const;
    }),
  );
  const certified = await Promise.all(
    Object.entries(hosts).map(async ([name, dns]) => {
      const pair = await hostAuthority.issue({ commonName: dns[0] ?? name, dns, use: "server" });
      return [name, pair] as const;
    }),
  );
  return {
    partner: await createPartnerAuthority(`partners.${ZONE}`, now),
    service: Object.fromEntries(service),
    hostRoot: hostAuthority.certificate,
    hosts: Object.fromEntries(certified),
  };
}

/** The trust kept in `folder`, made now if there is none; the local root stands beside it as `root.pem`. */
export async function keptTrust(folder: string, request: TrustRequest, now: Date): Promise<Trust> {
  const file = join(folder, "trust.json");
  const kept = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (kept !== undefined) return JSON.parse(kept) as Trust;
  const trust = await createTrust(request, now);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "root.pem"), trust.hostRoot);
  // Renamed into place, so that a stop in between leaves no half-written keys.
  await writeFile(`${file}.new`, JSON.stringify(trust), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return trust;
}
