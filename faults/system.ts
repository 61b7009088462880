import { stringify } from "yaml";
import type { KubeObject, Resource } from "../kube/object.ts";
import { type ConfigMap, configMaps, namespaces, type Secret, secrets } from "../kube/resources.ts";
import { createAuthority } from "../local/toolchain/certificate.ts";
import { SIGNING_SECRET } from "../operator/signing-key.ts";
import { CORNER_LABEL, type Corner } from "./corner.ts";
import { made } from "./scenario/setting.ts";
import type { Stage } from "./stage.ts";
import type { SubjectOptions } from "./subject.ts";

/** Images that nothing ever pulls. */
const images = { wekeza: "wekeza.test/w:1", postgres: "wekeza.test/p:1", redis: "wekeza.test/r:1" };

/** Zone of host names; one certificate covers all directly below it. */
export const ZONE = "openbanking.test";

/** The operator's own namespace in a corner, which is that of names and certificates too. */
export function systemOf({ token }: Corner): string {
  return `system-${token}`;
}

/** The operator's configuration in a corner, as JSON. */
export function configOf(corner: Corner): string {
  const system = systemOf(corner);
  return JSON.stringify({ images, namespaces: { system, hosts: system, dns: system, region: system } });
}

/** The namespace of a corner's operator, the key that the harness's gateways trust, and the way into the region. Safe to repeat. */
export async function makeSystem({ corner, lines, admin, signingKey }: SubjectOptions): Promise<void> {
  const namespace = systemOf(corner);
  const labels = { [CORNER_LABEL]: corner.token };
  const apply = async <T extends KubeObject>(resource: Resource<T>, object: object): Promise<void> =>
    void (await admin.apply(resource, object as T, { fieldManager: "person", force: true }));
  await apply(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } });
  const key = { "jwks.json": JSON.stringify({ keys: [signingKey] }) };
  await apply(secrets, secretOf(namespace, SIGNING_SECRET, key));
  const access = { kubeconfig: kubeconfigOf(lines.region) };
  await apply(secrets, secretOf(namespace, `region-${corner.away}`, access));
}

const authority = await createAuthority("faults", new Date());
const hosts = await authority.issue({ commonName: "hosts", dns: [`*.${ZONE}`], use: "server" });

/** What stacks trust, and a certificate for all their names. */
export async function makeTrust(stage: Stage): Promise<void> {
  const namespace = systemOf(stage.corner);
  const bundle = (name: string): ConfigMap => ({
    apiVersion: configMaps.apiVersion,
    kind: configMaps.kind,
    metadata: { namespace, name },
    data: { "ca.crt": authority.certificate },
  });
  await made(stage, namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await made(stage, configMaps, bundle("partner-ca"));
  await made(stage, configMaps, bundle("service-ca"));
  const texts = { "tls.crt": hosts.certificate, "tls.key": hosts.key };
  await made(stage, secrets, secretOf(namespace, "default", texts));
}

function secretOf(namespace: string, name: string, texts: Readonly<Record<string, string>>): Secret {
  const encoded = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
  const data = Object.fromEntries(encoded) as Record<string, string>;
  return { apiVersion: secrets.apiVersion, kind: secrets.kind, metadata: { namespace, name }, data };
}

/** A kubeconfig of nobody in particular: behind a proxy everybody is the API server's `admin`. */
export function kubeconfigOf(server: string): string {
  return stringify({
    "current-context": "here",
    clusters: [{ name: "here", cluster: { server } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "here", context: { cluster: "here", user: "nobody" } }],
  });
}
