import { Registry } from "prom-client";
import { stringify } from "yaml";
import { hubManifests } from "../../deploy/hub.ts";
import { regionManifests } from "../../deploy/region.ts";
import { type Client, createClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { type Logger, silent } from "../../kube/logger.ts";
import type { KubeObject } from "../../kube/object.ts";
import { resourceTable, serviceAccounts } from "../../kube/resources.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { createAuthority } from "../../local/toolchain/certificate.ts";
import { until } from "../../local/wait.ts";
import { parseOperatorConfig } from "../config.ts";
import { approvals, consentPolicies, failoverGroups, partners, regions } from "../../crds/resources.ts";
import { type Operator, startOperator } from "../operator.ts";

/** Images that nothing ever pulls. */
export const IMAGES = {
  wekeza: "wekeza.test/wekeza:1",
  postgres: "wekeza.test/postgres:1",
  redis: "wekeza.test/redis:1",
};

/** What the operator's own account is called. */
const OPERATOR = "system:serviceaccount:wekeza-system:wekeza-operator";

/** Every kind that manifests hold. */
export const table = resourceTable([partners, consentPolicies, regions, failoverGroups, approvals] as never);

/** One cluster with the real API server and controllers, installed as `make up` installs a hub that runs stacks itself. */
export interface Platform {
  readonly plane: ControlPlane;
  readonly admin: Client;
  apply(object: KubeObject): Promise<void>;
  /** Starts an operator with the rights of its ServiceAccount, and no more. */
  operator(
    identity: string,
    clock?: Clock,
  ): Promise<{ readonly operator: Operator; readonly registry: Registry }>;
  /** Stops an operator as SIGTERM would. */
  stopOperator(identity: string): Promise<void>;
  /** A client with just those rights. */
  clientOfOperator(): Promise<Client>;
  stop(): Promise<void>;
}

/** Installs hub and region manifests, trust and one host certificate for `*.test`. */
export async function startPlatform(
  logger: Logger = silent,
  options: { readonly auditLog?: string } = {},
): Promise<Platform> {
  const plane = await startControlPlane({ controllerManager: true, ...options });
  const connect = (kubeconfig: string) =>
    createClient(kubeconfigCredentials(kubeconfig, { trusted: false }), { userAgent: "test" });
  const admin = connect(plane.kubeconfig);
  const apply = async (object: KubeObject) => {
    await admin.apply(table.of(object), object, { fieldManager: "test", force: true });
  };
  const hub = hubManifests({
    images: { ...IMAGES, coredns: "wekeza.test/coredns:1" },
    zone: "openbanking.test",
  });
  for (const object of [...hub, ...regionManifests({ images: IMAGES, hub: true })])
    await apply(object as KubeObject);
  for (const object of await secretsOf()) await apply(object as unknown as KubeObject);
  await until(async () => (await admin.list(failoverGroups).catch(() => undefined)) !== undefined, {
    timeout: 30_000,
    what: "our kinds to be served",
  });
  const stops: (() => Promise<void>)[] = [];
  const operators = new Map<string, Operator>();
  return {
    plane,
    admin,
    apply,
    async operator(identity, clock) {
      const registry = new Registry();
      const credentials = kubeconfigCredentials(await plane.kubeconfigFor(OPERATOR), { trusted: false });
      const config = parseOperatorConfig(JSON.stringify({ images: IMAGES }), "test");
      const operator = await startOperator({ config, credentials, identity, logger, registry, clock });
      operators.set(identity, operator);
      return { operator, registry };
    },
    async stopOperator(identity) {
      await operators.get(identity)?.stop();
      operators.delete(identity);
    },
    async clientOfOperator() {
      const client = connect(await plane.kubeconfigFor(OPERATOR));
      stops.push(() => client.close());
      return client;
    },
    async stop() {
      await Promise.all([...operators.values()].map((operator) => operator.stop()));
      await Promise.all(stops.map((stop) => stop()));
      await admin.close();
      await plane.stop();
    },
  };
}

/** A cluster of its own for a region, installed as `make up` does it. */
export interface RegionCluster {
  readonly plane: ControlPlane;
  readonly admin: Client;
  /** The Secret by which the operator comes in: a new token of its ServiceAccount there. */
  access(name: string, tokenSeconds: number): Promise<KubeObject>;
  stop(): Promise<void>;
}

/** Starts an API server and installs region manifests and a service CA. */
export async function startRegion(): Promise<RegionCluster> {
  const plane = await startControlPlane();
  const credentials = kubeconfigCredentials(plane.kubeconfig, { trusted: false });
  const admin = createClient(credentials, { userAgent: "test" });
  const trust = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "wekeza-region", name: "service-ca" },
  };
  for (const object of [
    ...regionManifests({ images: IMAGES }),
    { ...trust, data: { "ca.crt": plane.authority } },
  ])
    await admin.apply(table.of(object), object as KubeObject, { fieldManager: "test", force: true });
  return {
    plane,
    admin,
    async access(name, expirationSeconds) {
      const account = { namespace: "wekeza-region", name: "wekeza-operator" };
      const request = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { expirationSeconds },
      };
      const answer = await admin.createSubresource<{ readonly status: { readonly token: string } }>(
        serviceAccounts,
        account,
        "token",
        request,
      );
      const ca = Buffer.from(plane.authority).toString("base64");
      const kubeconfig = stringify({
        "current-context": name,
        clusters: [{ name, cluster: { server: plane.server, "certificate-authority-data": ca } }],
        users: [{ name: "operator", user: { token: answer.status.token } }],
        contexts: [{ name, context: { cluster: name, user: "operator" } }],
      });
      return {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace: "wekeza-system", name: `region-${name}` },
        data: { kubeconfig: Buffer.from(kubeconfig).toString("base64") },
      } as KubeObject;
    },
    async stop() {
      await admin.close();
      await plane.stop();
    },
  };
}

async function secretsOf() {
  const authority = await createAuthority("test", new Date());
  const hosts = ["api", "auth", "mtls.auth"].flatMap((name) =>
    ["east-africa", "ke", "other"].map((group) => `${name}.${group}.openbanking.test`),
  );
  const dns = [...hosts, "*.api.east-africa.openbanking.test"];
  const pair = await authority.issue({ commonName: "hosts", dns, use: "server" });
  const tls = (name: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "wekeza-hosts", name },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": Buffer.from(pair.certificate).toString("base64"),
      "tls.key": Buffer.from(pair.key).toString("base64"),
    },
  });
  const bundle = (namespace: string, name: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name },
    data: { "ca.crt": authority.certificate },
  });
  return [
    tls("east-africa"),
    tls("default"),
    bundle("wekeza-system", "partner-ca"),
    bundle("wekeza-region", "service-ca"),
  ];
}
