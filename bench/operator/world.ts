import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PartnerObject, partners } from "../../crds/resources.ts";
import type { Client } from "../../kube/client.ts";
import type { KubeObject, Resource } from "../../kube/object.ts";
import { keyOf } from "../../kube/object.ts";
import { pathOf } from "../../kube/path.ts";
import { resourceTable } from "../../kube/resources.ts";
import { type Hub, startHub } from "../../operator/testing/hub.ts";
import { testPartner } from "../../operator/testing/partner.ts";
import { objectsOf } from "./objects.ts";

/** Everything is in this namespace; it is empty between two measurements. */
const NAMESPACE = "bench";

/** A real etcd and kube-apiserver, and the Partners in them. */
export interface BenchWorld {
  readonly admin: Client;
  /** Path of a kubeconfig that may do everything. */
  readonly access: string;
  /** Creates Partners; returns them as the server keeps them. */
  create(count: number, prefix: string): Promise<readonly PartnerObject[]>;
  /** Changes what the objects of these Partners are made from. */
  rename(which: readonly PartnerObject[], displayName: string): Promise<void>;
  /** Removes all Partners and their objects. */
  clear(): Promise<void>;
  /** Writes something for a contestant to read; returns the path. */
  file(name: string, content: unknown): Promise<string>;
  stop(): Promise<void>;
}

/** Starts an API server with our kinds. */
export async function startWorld(templates: string): Promise<BenchWorld> {
  const hub: Hub = await startHub();
  await hub.namespace(NAMESPACE);
  const { admin } = hub;
  const dir = await mkdtemp(join(tmpdir(), "bench-operator-"));
  const file = async (name: string, content: unknown): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };
  const body = testPartner("-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n");
  const partnerOf = (name: string, spec: Partial<PartnerObject["spec"]> = {}): PartnerObject => ({
    ...body,
    metadata: { namespace: NAMESPACE, name },
    spec: { ...body.spec, displayName: `Partner ${name}`, ...spec },
  });
  const table = resourceTable([partners] as never);
  const kinds = objectsOf(templates, partnerOf("x")).map((object) => table.of(object));
  const removeAll = async (kind: Resource<KubeObject>): Promise<void> => {
    const path = pathOf(kind, { namespace: NAMESPACE });
    await admin.raw({ method: "DELETE", path, repeatable: true, timeoutMs: 300_000 });
  };
  return {
    admin,
    access: await file("kubeconfig", hub.plane.kubeconfig),
    file,
    create: (count, prefix) =>
      sideBySide(
        Array.from({ length: count }, (_, index) => partnerOf(`${prefix}-${String(index).padStart(4, "0")}`)),
        (partner) => admin.create(partners, partner),
      ),
    async rename(which, displayName) {
      await sideBySide(which, (partner) =>
        admin.patch(partners, keyOf(partner), { merge: { spec: { displayName } } }),
      );
    },
    async clear() {
      const { items } = await admin.list(partners, { namespace: NAMESPACE });
      await sideBySide(
        items.filter(({ metadata }) => metadata.finalizers !== undefined),
        (partner) => admin.patch(partners, keyOf(partner), { merge: { metadata: { finalizers: null } } }),
      );
      await removeAll(partners as unknown as Resource<KubeObject>);
      // The namespace's own ServiceAccount and ConfigMap are nobody's here: no controller manager runs.
      for (const kind of kinds) await removeAll(kind);
    },
    async stop() {
      await hub.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Does something with every item, eight at a time. */
async function sideBySide<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results;
}
