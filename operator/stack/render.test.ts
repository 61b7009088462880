import { Value } from "typebox/value";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import type { Manifest } from "../../kube/object.ts";
import { AuditConfig } from "../../runtime/audit/config.ts";
import { BankingConfig } from "../../runtime/banking/config.ts";
import { ConsentConfig } from "../../runtime/consent/config.ts";
import { EventsConfig } from "../../runtime/events/config.ts";
import { PostgresConfig } from "../../runtime/database/config.ts";
import { GatewayConfig } from "../../runtime/gateway/config.ts";
import { KafkaConfig } from "../../runtime/kafka/config.ts";
import { KeysConfig } from "../../runtime/keys/config.ts";
import { OauthConfig } from "../../runtime/oauth/config.ts";
import { CommonConfig } from "../../runtime/service/config.ts";
import { COMPONENT_LABEL } from "./metadata.ts";
import { renderDedicated, renderStack } from "./render.ts";
import { eastAfrica } from "./testing/example.ts";

const objects = renderStack(eastAfrica);
const componentOf = ({ metadata }: Manifest) => metadata.labels?.[COMPONENT_LABEL] ?? "none";
const byComponent = Map.groupBy(objects, componentOf);

test.each([...byComponent])("the objects of %s", async (component, of) => {
  await expect(of.map((each) => stringify(each)).join("---\n")).toMatchFileSnapshot(
    `golden/${component}.yaml`,
  );
});

test("the order of creation puts what others need first", async () => {
  const order = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join("\n");
  await expect(`${order}\n`).toMatchFileSnapshot("golden/order.txt");
});

test("equal stacks render equal objects", () => {
  expect(renderStack(structuredClone(eastAfrica))).toEqual(objects);
});

test("no two objects share kind and name", () => {
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  ["gateway", GatewayConfig],
  ["oauth", OauthConfig],
  ["consent", ConsentConfig],
  ["banking", BankingConfig],
  ["events", EventsConfig],
  ["audit", AuditConfig],
  ["postgres", PostgresConfig],
  ["migrate", PostgresConfig],
  ["seed", PostgresConfig],
  ["seed", BankingConfig],
  ["redis", CommonConfig],
  ["keys", CommonConfig],
] as const)("the configuration of %s is what its process parses", (process, schema) => {
  const map = objects.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === `${process}-config`,
  );
  const data = (map?.["data"] ?? {}) as Record<string, string>;
  const text = data["config.json"] ?? "";
  expect(Value.Errors(schema, JSON.parse(text))).toEqual([]);
});

interface Workload {
  readonly spec: {
    readonly selector: { readonly matchLabels: Record<string, string> };
    readonly replicas?: number;
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> };
      readonly spec: {
        readonly containers: readonly { readonly ports?: readonly { readonly name: string }[] }[];
      };
    };
  };
}
const workloads = objects.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet");
const workload = (object: Manifest) => object as unknown as Workload;

test.each(workloads.map((each) => [each.metadata.name, each] as const))(
  "%s selects its own pods and nobody else's",
  (_, object) => {
    const { selector } = workload(object).spec;
    const selected = workloads.filter((other) =>
      Object.entries(selector.matchLabels).every(
        ([key, value]) => workload(other).spec.template.metadata.labels[key] === value,
      ),
    );
    expect(selected).toEqual([object]);
  },
);

test("every Service leads to a port of a pod", () => {
  const services = objects.filter(({ kind }) => kind === "Service");
  const missing = services.flatMap((service) => {
    const { selector, ports } = service["spec"] as {
      selector: Record<string, string>;
      ports: { targetPort: string }[];
    };
    const target = workloads.find(({ metadata }) => metadata.name === selector[COMPONENT_LABEL]);
    const open = target
      ? workload(target).spec.template.spec.containers.flatMap(({ ports: p }) => p ?? [])
      : [];
    return ports.filter(({ targetPort }) => !open.some(({ name }) => name === targetPort));
  });
  expect(missing).toEqual([]);
});

test("what an autoscaler scales says nothing of replicas", () => {
  const scaled = objects
    .filter(({ kind }) => kind === "HorizontalPodAutoscaler")
    .map((each) => (each["spec"] as { scaleTargetRef: { name: string } }).scaleTargetRef.name);
  const counted = workloads.filter(({ metadata }) => scaled.includes(metadata.name));
  expect(counted.map((each) => workload(each).spec.replicas)).toEqual(scaled.map(() => undefined));
});

test("a production stack without demo data has no seed", () => {
  const production = renderStack({ ...eastAfrica, environment: "production", demoData: false });
  const seeds = production.filter((each) => componentOf(each) === "seed" && each.kind !== "NetworkPolicy");
  expect(seeds).toEqual([]);
});

test("a Region with channels tells oauth of them, and lets it call them", () => {
  const channels = { url: "https://channels.bank.example:8443", trust: "-----BEGIN CERTIFICATE-----" };
  const rendered = renderStack({ ...eastAfrica, environment: "production", demoData: false, channels });
  const named = (kind: string, name: string) =>
    rendered.find((each) => each.kind === kind && each.metadata.name === name) as
      | Record<string, unknown>
      | undefined;
  const { data } = named("ConfigMap", "oauth-config") as { readonly data: Readonly<Record<string, string>> };
  const config: unknown = JSON.parse(data["config.json"] ?? "");
  expect(Value.Check(OauthConfig, config)).toBe(true);
  expect(config).toMatchObject({ channels });
  expect(named("NetworkPolicy", "channels")?.["spec"]).toMatchObject({
    egress: [{ ports: [{ port: 8443 }] }],
  });
  expect(objects.some(({ metadata }) => metadata.name === "channels")).toBe(false);
});

test("a Region with systems of the bank's tells banking of them, and lets it call them and nothing beside", () => {
  const fraud = { url: "https://fraud.bank.example", trust: "-----BEGIN CERTIFICATE-----" };
  const scheme = { url: "https://nextgen.bank.example:8443", networks: ["10.20.0.0/24"] };
  const core = { url: "https://core.bank.example:9443", networks: ["10.30.0.0/24"] };
  const rendered = renderStack({ ...eastAfrica, core, fraud, scheme });
  const named = (kind: string, name: string) =>
    rendered.find((each) => each.kind === kind && each.metadata.name === name) as
      | Record<string, unknown>
      | undefined;
  const { data } = named("ConfigMap", "banking-config") as {
    readonly data: Readonly<Record<string, string>>;
  };
  const config: unknown = JSON.parse(data["config.json"] ?? "");
  expect(Value.Check(BankingConfig, config)).toBe(true);
  expect(config).toMatchObject({
    upstreams: { core: { url: core.url }, fraud, scheme: { url: scheme.url } },
  });
  const podSelector = { matchLabels: { [COMPONENT_LABEL]: "banking" } };
  expect(named("NetworkPolicy", "core")?.["spec"]).toEqual({
    podSelector,
    policyTypes: ["Egress"],
    egress: [{ to: [{ ipBlock: { cidr: "10.30.0.0/24" } }], ports: [{ port: 9443, protocol: "TCP" }] }],
  });
  expect(named("NetworkPolicy", "fraud")?.["spec"]).toEqual({
    podSelector,
    policyTypes: ["Egress"],
    egress: [{ ports: [{ port: 443, protocol: "TCP" }] }],
  });
  expect(named("NetworkPolicy", "scheme")?.["spec"]).toEqual({
    podSelector,
    policyTypes: ["Egress"],
    egress: [{ to: [{ ipBlock: { cidr: "10.20.0.0/24" } }], ports: [{ port: 8443, protocol: "TCP" }] }],
  });
});

const openBao = {
  address: "https://vault.bank.example:8200",
  mount: "transit",
  auth: "kubernetes",
  role: "wekeza-stack",
  networks: ["10.40.0.0/24"],
};
const configIn = (rendered: ReturnType<typeof renderStack>, name: string): unknown => {
  const map = rendered.find(({ metadata }) => metadata.name === `${name}-config`);
  const data = (map?.["data"] ?? {}) as Record<string, string>;
  return JSON.parse(data["config.json"] ?? "null");
};
const secretsOf = (rendered: ReturnType<typeof renderStack>, name: string): readonly unknown[] => {
  const deployment = rendered.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === name);
  const spec = deployment?.["spec"] as
    | { readonly template: { readonly spec: { readonly volumes: readonly { readonly secret?: object }[] } } }
    | undefined;
  return spec?.template.spec.volumes.flatMap(({ secret }) => secret ?? []) ?? [];
};
const whoHas = (rendered: ReturnType<typeof renderStack>, text: string): readonly string[] =>
  rendered.filter((each) => stringify(each).includes(text)).map((each) => componentOf(each) ?? "");

test("of keys in its Region's store no Secret is mounted or made, and only who signs or publishes reaches the store", () => {
  const keys = [
    "audit-signing-key",
    "audit-wrapping-key",
    "events-keys",
    "oauth-keys",
    "message-keys",
  ] as const;
  const rendered = renderStack({ ...eastAfrica, keyStore: { openBao, keys, announced: [] } });
  const { networks: _, ...asked } = openBao;
  for (const [name, schema] of [
    ["audit", AuditConfig],
    ["events", EventsConfig],
    ["oauth", OauthConfig],
    ["keys", KeysConfig],
    ["gateway", GatewayConfig],
  ] as const)
    expect(Value.Errors(schema, configIn(rendered, name))).toEqual([]);
  expect(configIn(rendered, "audit")).toMatchObject({
    keyStore: { openBao: asked, signs: true, opens: true },
  });
  expect(configIn(rendered, "events")).toMatchObject({ keyStore: asked });
  expect(configIn(rendered, "gateway")).toMatchObject({ keyStore: asked });
  const published = ["stack-east-africa_events", "stack-east-africa_gateway"];
  expect(configIn(rendered, "oauth")).toMatchObject({ keyStore: { openBao: asked, signs: true, published } });
  expect(configIn(rendered, "keys")).toMatchObject({ inStore: keys });
  expect(whoHas(rendered, "secretName: audit-signing-key")).toEqual([]);
  // What the Secrets signed before a move is verified by these, for as long as somebody keeps them.
  for (const key of ["events-keys", "message-keys"]) {
    expect(whoHas(rendered, `secretName: ${key}`)).toEqual(["oauth"]);
    const items = [{ key: "public.json", path: "public.json" }];
    expect(secretsOf(rendered, "oauth")).toContainEqual(
      expect.objectContaining({ secretName: key, items, optional: true }),
    );
  }
  // So is what was sealed to it opened.
  expect(secretsOf(rendered, "audit")).toEqual([
    expect.objectContaining({ secretName: "audit-wrapping-key", optional: true }),
  ]);
  const oauth = rendered.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "oauth");
  // Its Secret has more in it: cookies and nonces are compared, and signed by no store.
  expect(stringify(oauth)).toContain("key: cookie.json");
  expect(stringify(oauth)).not.toContain("key: jwks.json");
  expect(whoHas(rendered, "audience: openbao")).toEqual(["events", "audit", "oauth", "gateway"]);
  const policies = rendered.filter(({ metadata }) => metadata.name.startsWith("key-store-"));
  expect(policies.map((policy) => policy["spec"])).toEqual(
    ["gateway", "oauth", "events", "audit"].map((service) => ({
      podSelector: { matchLabels: { [COMPONENT_LABEL]: service } },
      policyTypes: ["Egress"],
      egress: [{ to: [{ ipBlock: { cidr: "10.40.0.0/24" } }], ports: [{ port: 8200, protocol: "TCP" }] }],
    })),
  );
  expect(stringify(renderStack(eastAfrica))).not.toContain("key-store");
});

test("a partner's own gateways have a key of their own in the store, which the stack publishes, and no copy of a Secret", () => {
  const keyStore = { openBao, keys: ["message-keys"] as const, announced: [] };
  const clientId = "ptn-0123456789abcdef";
  const own = renderDedicated({ ...eastAfrica, keyStore }, clientId);
  expect(configIn(own, "gateway")).toMatchObject({
    namespace: `stack-east-africa-${clientId}`,
    keyStore: { address: openBao.address },
  });
  expect(whoHas(own, "secretName: message-keys")).toEqual([]);
  expect(own.filter(({ metadata }) => metadata.name === "key-store-gateway")).toHaveLength(1);
  const stack = renderStack({ ...eastAfrica, keyStore, dedicated: [clientId] });
  expect(configIn(stack, "oauth")).toMatchObject({
    keyStore: { published: [`stack-east-africa-${clientId}_gateway`, "stack-east-africa_gateway"] },
  });
});

test("of two keys of the audit service one may be in the store, and the other in its Secret", () => {
  const withOne = (key: "audit-signing-key" | "audit-wrapping-key") =>
    renderStack({ ...eastAfrica, keyStore: { openBao, keys: [key], announced: [] } });
  const opens = withOne("audit-wrapping-key");
  expect(configIn(opens, "audit")).toMatchObject({ keyStore: { signs: false, opens: true } });
  expect(secretsOf(opens, "audit")).toEqual([
    expect.objectContaining({ secretName: "audit-signing-key" }),
    expect.objectContaining({ secretName: "audit-wrapping-key", optional: true }),
  ]);
  // Nobody verifies by it, so nobody publishes it.
  expect(whoHas(opens, "audience: openbao")).toEqual(["audit"]);
  const signs = withOne("audit-signing-key");
  expect(configIn(signs, "audit")).toMatchObject({ keyStore: { signs: true, opens: false } });
  expect(secretsOf(signs, "audit")).toEqual([
    { secretName: "audit-wrapping-key", defaultMode: expect.any(Number) },
  ]);
});

test("a key that is announced signs out of its Secret, and is published out of the store beside it", () => {
  const announced = ["audit-signing-key", "audit-wrapping-key", "events-keys", "oauth-keys"] as const;
  const rendered = renderStack({ ...eastAfrica, keyStore: { openBao, keys: [], announced } });
  expect(configIn(rendered, "audit")).not.toHaveProperty("keyStore");
  expect(configIn(rendered, "events")).not.toHaveProperty("keyStore");
  expect(configIn(rendered, "oauth")).toMatchObject({
    keyStore: { signs: false, published: ["stack-east-africa_events", "stack-east-africa_oauth"] },
  });
  expect(configIn(rendered, "keys")).toMatchObject({ inStore: [] });
  expect(whoHas(rendered, "secretName: events-keys")).toEqual(["events", "oauth"]);
  expect(whoHas(rendered, "audience: openbao")).toEqual(["oauth"]);
});

test("a Region that wants a stream has Kafka, and events that write to it", async () => {
  const streaming = renderStack({ ...eastAfrica, kafka: { image: "wekeza.test/kafka:0123456789ab" } });
  const objects = streaming.filter((each) => componentOf(each) === "kafka");
  await expect(objects.map((each) => stringify(each)).join("---\n")).toMatchFileSnapshot("golden/kafka.yaml");
  const config = (name: string): unknown => {
    const map = streaming.find(({ metadata }) => metadata.name === `${name}-config`);
    const data = (map?.["data"] ?? {}) as Record<string, string>;
    return JSON.parse(data["config.json"] ?? "null");
  };
  expect(Value.Errors(KafkaConfig, config("kafka"))).toEqual([]);
  expect(Value.Errors(EventsConfig, config("events"))).toEqual([]);
  expect(config("events")).toMatchObject({ stream: { brokers: ["kafka:9092"] } });
  expect(renderStack(eastAfrica).filter((each) => componentOf(each) === "kafka")).toEqual([]);
});

const copied = { ...eastAfrica, readReplicas: { replicas: 2, storage: "1Gi", storageClass: "fast" } };

test("a Region that wants read replicas has them, and banking reads from them", async () => {
  const rendered = renderStack(copied);
  const objects = rendered.filter((each) => componentOf(each) === "postgres-read");
  await expect(objects.map((each) => stringify(each)).join("---\n")).toMatchFileSnapshot(
    "golden/postgres-read.yaml",
  );
  for (const [name, schema] of [
    ["postgres-read", PostgresConfig],
    ["banking", BankingConfig],
  ] as const)
    expect(Value.Errors(schema, configIn(rendered, name))).toEqual([]);
  expect(configIn(rendered, "postgres-read")).toMatchObject({ primary: { host: "postgres", port: 5432 } });
  expect(configIn(rendered, "banking")).toMatchObject({ replica: { host: "postgres-read" } });
});

test("the database itself is not started again for a replica that comes or goes", () => {
  const before = new Map(objects.map((each) => [`${each.kind} ${each.metadata.name}`, each]));
  const changed = renderStack(copied).filter((each) => {
    const same = before.get(`${each.kind} ${each.metadata.name}`);
    return same !== undefined && JSON.stringify(each) !== JSON.stringify(same);
  });
  expect(changed.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    "NetworkPolicy postgres",
    "NetworkPolicy banking",
    "ClusterRoleBinding wekeza-service-stack-east-africa",
    "ConfigMap banking-config",
    "Deployment banking",
  ]);
});

test("only banking reaches the replicas, and they reach the database alone", () => {
  const policy = (name: string) =>
    renderStack(copied).find(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === name)?.[
      "spec"
    ];
  const pods = (name: string) => [{ podSelector: { matchLabels: { [COMPONENT_LABEL]: name } } }];
  const ports = [{ port: 5432, protocol: "TCP" }];
  expect(policy("postgres-read")).toMatchObject({
    ingress: [{ from: pods("banking"), ports }],
    egress: [{ to: pods("postgres"), ports }],
  });
});

test("the volumes of Postgres and Kafka are made by the StorageClass that each is to have", () => {
  const kafka = { image: "wekeza.test/kafka:0123456789ab", storageClass: "of-kafka" };
  const claims = renderStack({ ...eastAfrica, kafka, storageClass: "of-postgres" }).flatMap((object) => {
    const spec = object["spec"] as { readonly volumeClaimTemplates?: readonly object[] } | undefined;
    return spec?.volumeClaimTemplates ?? [];
  });
  const madeBy = (storageClassName: string) =>
    expect.objectContaining({ spec: expect.objectContaining({ storageClassName }) });
  expect(claims).toHaveLength(2);
  expect(claims).toEqual(expect.arrayContaining([madeBy("of-postgres"), madeBy("of-kafka")]));
});

test("a new image is a new Job, and new pods", () => {
  const images = { ...eastAfrica.images, wekeza: "wekeza.test/wekeza:ffffffffffff" };
  const jobs = (all: readonly Manifest[]) =>
    all.filter(({ kind }) => kind === "Job").map((job) => job.metadata.name);
  const before = new Set(jobs(objects));
  expect(jobs(renderStack({ ...eastAfrica, images })).filter((name) => before.has(name))).toEqual([]);
});

const ACME = "ptn-0123456789abcdef";
const own = renderDedicated(eastAfrica, ACME);

test("the objects of a partner's own gateways", async () => {
  await expect(own.map((each) => stringify(each)).join("---\n")).toMatchFileSnapshot("golden/dedicated.yaml");
});

test("all of them but the Job that brings the shared keys are in their own namespace", () => {
  const elsewhere = own.filter(({ metadata }) => metadata.namespace === eastAfrica.namespace);
  expect(elsewhere.map(({ kind }) => kind)).toEqual(["Job"]);
});

test("no object of theirs is one of the stack's", () => {
  const named = ({ kind, metadata: { namespace = "", name } }: Manifest) => `${kind} ${namespace}/${name}`;
  const all = [...objects, ...own].map(named);
  expect(new Set(all).size).toBe(all.length);
});

test("their configuration is what a gateway parses, with services by the names in their certificates", () => {
  const map = own.find(({ metadata }) => metadata.name === "gateway-config");
  const data = (map?.["data"] ?? {}) as Record<string, string>;
  const config: unknown = JSON.parse(data["config.json"] ?? "");
  expect(Value.Errors(GatewayConfig, config)).toEqual([]);
  expect(config).toMatchObject({
    namespace: `stack-east-africa-${ACME}`,
    redis: { host: "redis.stack-east-africa.svc" },
    upstreams: { oauth: "https://oauth.stack-east-africa.svc:8445" },
  });
});

test("a stack with such a partner lets its gateways in, and changes in nothing else", () => {
  const before = new Map(objects.map((each) => [`${each.kind} ${each.metadata.name}`, each]));
  const changed = renderStack({ ...eastAfrica, dedicated: [ACME] }).filter(
    (each) => JSON.stringify(each) !== JSON.stringify(before.get(`${each.kind} ${each.metadata.name}`)),
  );
  expect(changed.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
    ["redis", "oauth", "consent", "banking", "events"].map((name) => `NetworkPolicy ${name}`),
  );
});
