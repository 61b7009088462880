import { X509Certificate } from "node:crypto";

/** What is known of a cluster before anything is put into it. */
export interface ClusterFacts {
  readonly context: string;
  /** As "v1.32.1+k3s1". */
  readonly version: string;
  /** Whether this user may do everything in it. */
  readonly mayEverything: boolean;
  /** Of its nodes, as "amd64". */
  readonly architectures: readonly string[];
  /** Whether volumes come from a StorageClass that need not be named. */
  readonly defaultStorage: boolean;
  /** Namespaces that are there already under names of ours, and whether they carry our label. */
  readonly namespaces: readonly { readonly name: string; readonly ours: boolean }[];
  /** The partner authority of an installation that is there (PEM). */
  readonly authority: string | undefined;
}

/** What the installation brings. */
export interface Wanted {
  /** Of the images, as "amd64". */
  readonly architecture: string;
  /** The partner authority kept on this machine (PEM). */
  readonly authority: string;
}

/** Since 1.30 the API server serves ValidatingAdmissionPolicies as v1, which hold the operator in its bounds. */
const OLDEST = 30;

type Check = (facts: ClusterFacts, wanted: Wanted) => string | undefined;

const version: Check = ({ version: text }) => {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) > 1 || (major === "1" && Number(minor) >= OLDEST)
    ? undefined
    : `it runs Kubernetes ${text}, and 1.${OLDEST} or newer is needed`;
};

const rights: Check = ({ mayEverything }) =>
  mayEverything
    ? undefined
    : "this user may not do everything in it, and roles, bindings and CRDs need an administrator: use a context of one (`kubectl auth can-i '*' '*' --all-namespaces` says yes to them)";

const architecture: Check = ({ architectures }, wanted) =>
  architectures.includes(wanted.architecture)
    ? undefined
    : `its nodes are ${architectures.join(", ") || "not there yet"}, and images made on this machine run on ${wanted.architecture}`;

const storage: Check = ({ defaultStorage }) =>
  defaultStorage
    ? undefined
    : "it has no default StorageClass, and the database needs a volume: annotate one with storageclass.kubernetes.io/is-default-class=true";

/** A namespace of somebody else would be filled by us and removed by `make down`. */
const foreign: Check = ({ namespaces }) => {
  const theirs = namespaces.filter(({ ours }) => !ours).map(({ name }) => name);
  return theirs.length === 0
    ? undefined
    : `it has a namespace of its own by a name the platform needs (${theirs.join(", ")}): use another cluster, or remove what is not used`;
};

/** New authorities would cut off every partner and service of the installation that is there. */
const otherTrust: Check = ({ context, authority }, wanted) =>
  authority === undefined || sameCertificate(authority, wanted.authority)
    ? undefined
    : `a platform is in it whose keys are not on this machine: go on where it was installed, or remove it by \`make down CONTEXT=${context}\``;

/** In order: the first finding is the one worth mending first. */
const CHECKS: readonly Check[] = [version, rights, architecture, storage, foreign, otherTrust];

/** Why the platform cannot go into a cluster, as one sentence that says what to do; undefined when it can. */
export function clusterObstacle(facts: ClusterFacts, wanted: Wanted): string | undefined {
  for (const check of CHECKS) {
    const finding = check(facts, wanted);
    if (finding !== undefined) return `this cluster will not do: ${finding}.`;
  }
  return undefined;
}

function sameCertificate(one: string, other: string): boolean {
  return new X509Certificate(one).fingerprint256 === new X509Certificate(other).fingerprint256;
}
