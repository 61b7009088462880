import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Pool } from "undici";
import { type PartnerObject, partners } from "../../crds/resources.ts";
import { entryOf } from "../../kube/inventory.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { type KubeObject, keyOf } from "../../kube/object.ts";
import { marked } from "../../kube/ownership.ts";
import { pathOf } from "../../kube/path.ts";
import { HOME } from "../../kube/plan.ts";
import { resourceTable } from "../../kube/resources.ts";
import { FINALIZER, MARKS } from "../../operator/marks.ts";
import { converse } from "./conversation.ts";
import { objectsOf } from "./objects.ts";

/**
 * The yardstick: the same objects sent by a bare loop over a keep-alive pool. It watches nothing, compares nothing and
 * reads answers only to their end. With `--own` it sends as well what a controller must write to each Partner itself.
 */
const { values } = parseArgs({
  options: {
    access: { type: "string", default: "" },
    objects: { type: "string", default: "" },
    partners: { type: "string", default: "" },
    concurrency: { type: "string", default: "10" },
    own: { type: "boolean", default: false },
  },
});

const credentials = kubeconfigCredentials(await readFile(values.access, "utf8"), { trusted: false });
const { ca, cert, key } = await credentials.tls();
const connections = Number(values.concurrency);
const pool = new Pool(credentials.server, { connections, connect: { ca, cert, key } });
const table = resourceTable([partners] as never);
const templates = await readFile(values.objects, "utf8");
const made = JSON.parse(await readFile(values.partners, "utf8")) as readonly PartnerObject[];
const wanted = made.map(requestsFor);
const total = wanted.reduce((sum, requests) => sum + requests.length, 0);
let sent = 0;

interface Request {
  readonly path: string;
  readonly contentType: string;
  readonly body: unknown;
}

/** What is sent for one Partner, in order. */
function requestsFor(partner: PartnerObject): readonly Request[] {
  const objects = objectsOf(templates, partner).map((object) => marked(object, HOME, partner, MARKS));
  const applies = objects.map((object) => apply(object, MARKS.managedBy));
  if (!values.own) return applies;
  const key = keyOf(partner);
  const finalize = {
    path: pathOf(partners, key, { fieldManager: MARKS.managedBy, fieldValidation: "Strict" }),
    contentType: "application/merge-patch+json",
    body: { metadata: { finalizers: [FINALIZER] } },
  };
  const conditions = ["Ready", "Synced"].map((type) => ({
    type,
    status: "True",
    reason: "Applied",
    message: "Everything is as planned.",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    observedGeneration: 1,
  }));
  const inventory = objects.map((object) => entryOf(HOME, object, partner.metadata.uid));
  const { apiVersion, kind } = partner;
  const status = { observedGeneration: 1, conditions, inventory };
  const head = { apiVersion, kind, metadata: { ...key } };
  return [
    finalize,
    ...applies,
    apply({ ...head, status } as KubeObject, `${MARKS.managedBy}-status`, "status"),
  ];
}

function apply(object: KubeObject, fieldManager: string, subresource?: string): Request {
  const query = {
    fieldManager,
    fieldValidation: "Strict",
    force: subresource === undefined ? undefined : true,
  };
  return {
    path: pathOf(table.of(object), { ...keyOf(object), subresource }, query),
    contentType: "application/apply-patch+yaml",
    body: object,
  };
}

/** One worker's share: a Partner's requests in their order, then the next Partner's. */
async function work(): Promise<void> {
  for (let requests = wanted.shift(); requests; requests = wanted.shift()) {
    for (const { path, contentType, body } of requests) {
      const answer = await pool.request({
        method: "PATCH",
        path,
        headers: { "content-type": contentType, accept: "application/json" },
        body: JSON.stringify(body),
      });
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
      sent += 1;
    }
  }
}

converse(
  () => void Promise.all(Array.from({ length: connections }, work)),
  async () => ({ requests: { PATCH: sent }, reconciles: 0, open: total - sent }),
  () => process.exit(),
);
