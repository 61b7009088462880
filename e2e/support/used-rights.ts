import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { AuditEvent } from "./audit-log.ts";
import type { ClusterName } from "./clusters.ts";
import { subjectOf, type Use } from "./rights.ts";

const CSR = "certificates.k8s.io/certificatesigningrequests";
const SIGNERS = "certificates.k8s.io/signers";

/** What a request used, out of its line; nothing for anybody but the platform's own identities. */
export function usesOf({
  stage,
  verb,
  user,
  objectRef,
  responseStatus,
  annotations,
}: AuditEvent): readonly Use[] {
  const [, namespace = "", account = ""] =
    /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user?.username ?? "") ?? [];
  const subject = subjectOf(namespace, account);
  if (subject === undefined || objectRef === undefined || stage === "RequestReceived") return [];
  const { apiGroup = "", resource = "", subresource } = objectRef;
  const text = `${apiGroup}/${resource}${subresource === undefined ? "" : `/${subresource}`}`;
  const allowed = annotations?.["authorization.k8s.io/decision"] === "allow";
  const base = {
    subject,
    ...(objectRef.namespace === undefined ? {} : { namespace: objectRef.namespace }),
    ...(objectRef.name === undefined ? {} : { name: objectRef.name }),
    ...(allowed ? { allowedBy: annotations?.["authorization.k8s.io/reason"] ?? "" } : {}),
  };
  const use = { ...base, verb, resource: text };
  if (!allowed) return [use];
  // An apply that made the object needed the right to create it, which the API server asks for by itself.
  const made = verb === "patch" && responseStatus?.code === 201 ? [{ ...use, verb: "create" }] : [];
  return [use, ...made, ...signing(use)];
}

/** Approving and signing are rights over the signer, which the API server checks behind the write. */
function signing(use: Use): readonly Use[] {
  if (use.verb !== "update") return [];
  const who = use.subject.startsWith("wekeza-region/") ? "service" : "partner-mtls";
  const rest = { ...use, name: `openbanking.wekeza.io/${who}` };
  if (use.resource === `${CSR}/approval`) return [{ ...rest, verb: "approve", resource: SIGNERS }];
  return use.resource === `${CSR}/status` ? [{ ...rest, verb: "sign", resource: SIGNERS }] : [];
}

/** Every different use in a cluster's audit log, files that were rotated away included. */
export async function usesIn(runFolder: string, cluster: ClusterName): Promise<readonly Use[]> {
  const folder = join(runFolder, cluster, "log");
  const files = (await readdir(folder)).filter((name) => /^audit.*\.log$/.test(name));
  const found = new Map<string, Use>();
  for (const file of files)
    for await (const line of createInterface({ input: createReadStream(join(folder, file)) })) {
      // The last line may be in the making; most lines are somebody else's.
      if (!line.endsWith("}") || !line.includes("system:serviceaccount:")) continue;
      for (const use of usesOf(JSON.parse(line) as AuditEvent)) found.set(JSON.stringify(use), use);
    }
  return [...found.values()];
}
