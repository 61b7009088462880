import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ClusterName } from "./clusters.ts";

/** A request that changed something, as the API server logged it. */
export interface Write {
  readonly cluster: ClusterName;
  readonly verb: string;
  /** `apps/deployments/scale`. */
  readonly resource: string;
  /** `namespace/name`, or the name alone. */
  readonly name: string;
  readonly user: string;
  readonly userAgent: string;
}

/** A line of a cluster's audit log, as far as it is read here (`audit.k8s.io/v1`). */
export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user?: { readonly username?: string };
  readonly userAgent?: string;
  readonly responseStatus?: { readonly code?: number };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly annotations?: Readonly<Record<string, string>>;
}

const WRITES = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** Kept apart by name: a Lease is renewed all the time, an Event tells, and a review or a token stores nothing. */
const APART = new Set([
  "leases",
  "events",
  "tokenreviews",
  "subjectaccessreviews",
  "selfsubjectaccessreviews",
]);

/** A place in a cluster's audit log. */
export interface AuditMark {
  readonly cluster: ClusterName;
  readonly file: string;
  /** Bytes before it. */
  readonly offset: number;
}

/** The end of a cluster's audit log now. */
export async function auditMark(runFolder: string, cluster: ClusterName): Promise<AuditMark> {
  const file = join(runFolder, cluster, "log", "audit.log");
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new Error(`The cluster ${cluster} keeps no audit log at ${file}.`, { cause });
  });
  return { cluster, file, offset: size };
}

/** What the operator wrote since, in the order of the log: by its ServiceAccount, refused and dry runs left out. */
export async function operatorWritesSince({ cluster, file, offset }: AuditMark): Promise<readonly Write[]> {
  const writes: Write[] = [];
  const { size } = await stat(file);
  if (size < offset) throw new Error(`${file} was rotated while it was watched; run the test again.`);
  for await (const line of createInterface({ input: createReadStream(file, { start: offset }) })) {
    // The last line may be in the making.
    if (!line.endsWith("}")) continue;
    const event = JSON.parse(line) as AuditEvent;
    if (isOperatorsWrite(event)) writes.push(writeOf(cluster, event));
  }
  return writes;
}

/** The operator's name in the hub and in a region. */
const OPERATORS = /^system:serviceaccount:(wekeza-system:.*|wekeza-region:wekeza-operator)$/;

function isOperatorsWrite({ stage, verb, user, requestURI, responseStatus, objectRef }: AuditEvent): boolean {
  return (
    stage === "ResponseComplete" &&
    WRITES.has(verb) &&
    (responseStatus?.code ?? 0) < 300 &&
    OPERATORS.test(user?.username ?? "") &&
    !APART.has(objectRef?.resource ?? "") &&
    !requestURI.includes("dryRun=All")
  );
}

function writeOf(cluster: ClusterName, { verb, user, userAgent, objectRef = {} }: AuditEvent): Write {
  const { apiGroup, resource, subresource, namespace, name } = objectRef;
  const parts = (all: readonly (string | undefined)[]) => all.filter((part) => part !== undefined).join("/");
  return {
    cluster,
    verb,
    resource: parts([apiGroup, resource, subresource]),
    name: parts([namespace, name]),
    user: user?.username ?? "",
    userAgent: userAgent ?? "",
  };
}
