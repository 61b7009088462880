import { X509Certificate } from "node:crypto";
import type { FailoverGroupReason } from "../../crds/failover-group.ts";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import type { World } from "./world.ts";

/** Why a group's stack cannot be brought up to date now. */
export interface Finding {
  readonly reason: FailoverGroupReason;
  /** What, why, and the next step. */
  readonly message: string;
  /** True: only a person can change it. False: it may pass by itself. */
  readonly final: boolean;
}

type Check = (group: FailoverGroupObject, world: World, now: Date) => Finding | undefined;

/** Region that serves a group: where its data lies. It moves by an order, never by an edit of `members`. */
export function activeOf({ spec, status }: FailoverGroupObject): string {
  return status?.active ?? spec.members[0] ?? "";
}

/** The three names of a group. */
export function hostsOf({ spec }: Pick<FailoverGroupObject, "spec">): readonly string[] {
  const { api, auth, mtlsAuth } = spec.hosts;
  return [api, auth, mtlsAuth];
}

const final = (reason: FailoverGroupReason, message: string): Finding => ({ reason, message, final: true });

const moved: Check = (group) => {
  const [active, home] = [activeOf(group), group.spec.members[0]];
  if (active === home) return undefined;
  return final(
    "MoveRefused",
    `The group's data lies in ${active}, but spec.members begins with ${home}: editing the list does not move data. ` +
      `Put ${active} first again, or delete the group (and its data) and make it anew.`,
  );
};

const regionMissing: Check = (_, { members }) => {
  const missing = members.find(({ spec }) => spec === undefined);
  if (!missing) return undefined;
  const { name } = missing;
  return final("RegionMissing", `There is no Region ${name}; create it, or take it out of spec.members.`);
};

const residencyViolated: Check = ({ spec }, { members }) => {
  const { mode, country } = spec.residency;
  const abroad = members.filter((member) => member.spec?.country !== country);
  const listed = abroad.map((member) => `${member.name} (${member.spec?.country})`).join(", ");
  switch (mode) {
    case "free":
      return undefined;
    case "local":
      if (abroad.length === 0) return undefined;
      return final(
        "ResidencyViolated",
        `Residency local keeps the data in ${country}, but ${listed} lies elsewhere; take it out of spec.members.`,
      );
    case "servingCopy":
      if (abroad.length < members.length) return undefined;
      return final(
        "ResidencyViolated",
        `Residency servingCopy needs a member in ${country}, but there is only ${listed}; add a Region of ${country}.`,
      );
  }
};

const CORE = "a core (spec.core)";
const LEDGER = "a ledger of the platform";

const coresDiffer: Check = (group, { members }) => {
  const home = activeOf(group);
  const hasCore = ({ spec }: World["members"][number]): boolean => spec?.core !== undefined;
  const inCore = members.some((member) => member.name === home && hasCore(member));
  const others = members.filter((member) => hasCore(member) !== inCore).map(({ name }) => name);
  if (others.length === 0) return undefined;
  const [here, there] = inCore ? [CORE, LEDGER] : [LEDGER, CORE];
  return final(
    "CoresDiffer",
    `The books of ${home} are in ${here}, those of ${others.join(", ")} in ${there}: accounts that consents name would be gone ` +
      `with every move. Take ${others.join(", ")} out of spec.members; until then the stack in ${home} serves on, unchanged.`,
  );
};

const nameTaken: Check = ({ metadata: { name } }) =>
  /-ptn-[0-9a-f]{16}$/.test(name)
    ? final(
        "NameTaken",
        `The name ${name} ends like a client id, as namespaces of partners with gateways of their own do; make the group anew under another.`,
      )
    : undefined;

const hostTaken: Check = (group, { neighbours }) => {
  const mine = new Set(hostsOf(group));
  const { name, creationTimestamp = "" } = group.metadata;
  for (const other of neighbours) {
    const host = other.hosts.find((each) => mine.has(each));
    const older =
      other.created < creationTimestamp || (other.created === creationTimestamp && other.name < name);
    if (host !== undefined && older)
      return final("HostTaken", `The host ${host} belongs to FailoverGroup ${other.name}; choose another.`);
  }
  return undefined;
};

const regionUnreachable: Check = (group, { region, unreachable }) =>
  region
    ? undefined
    : {
        reason: "RegionUnreachable",
        message: `The cluster of ${activeOf(group)} cannot be reached: ${unreachable ?? "no answer"}. It goes on as it is.`,
        final: false,
      };

const certificateMissing: Check = (group, { hostTls, namespaces }, now) => {
  const secret = `Secret ${namespaces.hosts}/${group.spec.hosts.tls.secretRef.name}`;
  const wrong = (what: string) => final("CertificateMissing", `${secret} ${what}`);
  const hosts = hostsOf(group).join(", ");
  if (!hostTls) return wrong(`with tls.crt and tls.key for ${hosts} is missing; create it.`);
  const certificate = certificateIn(hostTls.certificate);
  if (!certificate) return wrong("holds no PEM certificate in tls.crt; replace it.");
  const uncovered = hostsOf(group).find((host) => certificate.checkHost(host) === undefined);
  if (uncovered !== undefined) return wrong(`is not valid for ${uncovered}; renew it for ${hosts}.`);
  if (certificate.validToDate <= now)
    return wrong(`expired at ${certificate.validToDate.toISOString()}; renew it.`);
  return undefined;
};

const trustMissing: Check = (group, { region, partnerCa, namespaces }) => {
  const missing =
    partnerCa === undefined
      ? `${namespaces.system}/partner-ca of the hub`
      : region?.serviceCa === undefined
        ? `${namespaces.region}/service-ca of ${activeOf(group)}`
        : undefined;
  if (missing === undefined) return undefined;
  return {
    reason: "TrustMissing",
    message: `ConfigMap ${missing} with key ca.crt is missing; create it.`,
    final: false,
  };
};

/** In order: the first finding wins, so each check may rely on those before it. */
const checks: readonly Check[] = [
  nameTaken,
  moved,
  regionMissing,
  residencyViolated,
  coresDiffer,
  hostTaken,
  regionUnreachable,
  certificateMissing,
  trustMissing,
];

/** The first reason why the stack cannot be rendered, if there is one. */
export function findingFor(group: FailoverGroupObject, world: World, now: Date): Finding | undefined {
  for (const check of checks) {
    const finding = check(group, world, now);
    if (finding) return finding;
  }
  return undefined;
}

/** The first certificate of a PEM text in base64; undefined when it is none. */
export function certificateIn(base64: string): X509Certificate | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, "base64"));
  } catch {
    return undefined;
  }
}
