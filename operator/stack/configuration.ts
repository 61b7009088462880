import { createHash } from "node:crypto";
import type { Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import { dedicatedNamespace } from "../../crds/dedicated.ts";
import { accountKeyName } from "../../key-store/open-bao/account-key.ts";
import type { OpenBaoSettings } from "../../key-store/open-bao/settings.ts";
import type { AuditConfig } from "../../runtime/audit/config.ts";
import type { BankingConfig } from "../../runtime/banking/config.ts";
import type { ConsentConfig } from "../../runtime/consent/config.ts";
import type { EventsConfig } from "../../runtime/events/config.ts";
import type { PostgresConfig } from "../../runtime/database/config.ts";
import type { GatewayConfig } from "../../runtime/gateway/config.ts";
import type { KeysConfig } from "../../runtime/keys/config.ts";
import type { KafkaConfig } from "../../runtime/kafka/config.ts";
import type { OauthConfig } from "../../runtime/oauth/config.ts";
import type { CommonConfig } from "../../runtime/service/config.ts";
import { JOB_CONNECTIONS, poolSizeFor } from "./connections.ts";
import { metadataOf } from "./metadata.ts";
import {
  asksStore,
  type BankSystem,
  inStore,
  isPublished,
  type Service,
  SIGNERS,
  type Stack,
  type StoredKey,
} from "./stack.ts";

/** What each process of a stack is told, by component. The types are those the services parse. */
export interface Configurations {
  readonly gateway: GatewayConfig;
  readonly oauth: OauthConfig;
  readonly consent: ConsentConfig;
  readonly banking: BankingConfig;
  readonly events: EventsConfig;
  readonly audit: AuditConfig;
  readonly kafka: KafkaConfig;
  readonly postgres: PostgresConfig;
  readonly "postgres-read": PostgresConfig;
  readonly redis: CommonConfig;
  readonly keys: KeysConfig;
  readonly migrate: PostgresConfig;
  readonly seed: BankingConfig & PostgresConfig;
}
export type Configured = keyof Configurations;

const CONSENT = "https://consent:8443";
const BANKING = "https://banking:8443";
const KAFKA = { host: "kafka", port: 9092 };

/** Of the broker's virtual machine, in MiB. */
export const KAFKA_HEAP = 160;

/** The configuration of every process of a stack. */
export function configurations(stack: Stack): Configurations {
  const { group, region, country, environment, namespace, hosts, trust } = stack;
  const common = { group, region, country, environment, namespace, hosts, trust };
  const server = { host: "postgres", port: 5432, name: "wekeza" };
  const database = { ...server, poolSize: poolSizeFor(stack.services) };
  // The same whatever the sizes of services: another would start the database again.
  const ofJobs = { ...server, poolSize: JOB_CONNECTIONS };
  const redis = { host: "redis", port: 6379 };
  // From another namespace a Service is known by its longer name; its certificate has both.
  const at = (service: string): string => (stack.beside ? `${service}.${stack.beside.stack}.svc` : service);
  const postgres = { ...common, database: ofJobs, volume: "/var/lib/postgresql" };
  const banking = {
    ...common,
    database,
    redis,
    upstreams: {
      consent: CONSENT,
      ...(stack.core ? { core: called(stack.core) } : {}),
      ...(stack.fraud ? { fraud: called(stack.fraud) } : {}),
      ...(stack.scheme ? { scheme: called(stack.scheme) } : {}),
    },
    demoData: stack.demoData,
  };
  return {
    gateway: {
      ...common,
      ...signing(stack, "gateway"),
      redis: { ...redis, host: at(redis.host) },
      upstreams: {
        consent: `https://${at("consent")}:8443`,
        banking: `https://${at("banking")}:8443`,
        oauth: `https://${at("oauth")}:8445`,
        events: `https://${at("events")}:8443`,
      },
    },
    oauth: {
      ...common,
      database,
      redis,
      upstreams: { consent: CONSENT, banking: BANKING },
      ...(stack.channels ? { channels: called(stack.channels) } : {}),
      accessTokenSeconds: 600,
      ...publishing(stack),
    },
    consent: { ...common, database, redis },
    banking: {
      ...banking,
      ...(stack.readReplicas ? { replica: { ...database, host: "postgres-read" } } : {}),
    },
    events: {
      ...common,
      database,
      ...(stack.kafka ? { stream: { brokers: [`${KAFKA.host}:${KAFKA.port}`] } } : {}),
      ...signing(stack, "events"),
      webhooks: { ...stack.webhooks, privateHosts: [...stack.webhooks.privateHosts] },
    },
    audit: {
      ...common,
      database,
      epoch: 1,
      checkpointMs: 1_000,
      ...evidence(stack),
    },
    kafka: { ...common, ...KAFKA, volume: "/var/lib/kafka", heap: KAFKA_HEAP },
    postgres,
    "postgres-read": { ...postgres, primary: { host: database.host, port: database.port } },
    redis: common,
    keys: { ...common, ...(stack.keyStore ? { inStore: [...stack.keyStore.keys] } : {}) },
    migrate: postgres,
    seed: { ...postgres, ...banking, database: ofJobs },
  };
}

/** What a service is told of a system of the bank's: where it is and who vouches for it. */
function called({ url, trust }: BankSystem): Omit<BankSystem, "networks"> {
  return trust === undefined ? { url } : { url, trust };
}

/** What a service is told of the store that its key is in; nothing where it is in its Secret. */
function signing(stack: Stack, service: Service): { readonly keyStore?: OpenBaoSettings } {
  return stack.keyStore && asksStore(stack, service) ? { keyStore: asked(stack.keyStore.openBao) } : {};
}

/** What the audit service is told of the store, where one of its two keys is in it. */
function evidence(stack: Stack): Pick<AuditConfig, "keyStore"> {
  if (!stack.keyStore || !asksStore(stack, "audit")) return {};
  const openBao = asked(stack.keyStore.openBao);
  const [signs, opens] = [inStore(stack, "audit-signing-key"), inStore(stack, "audit-wrapping-key")];
  return { keyStore: { openBao, signs, opens } };
}

/** What the authorization server is told of the store, out of which it publishes what services sign with. */
function publishing(stack: Stack): Pick<OauthConfig, "keyStore"> {
  if (!stack.keyStore || !asksStore(stack, "oauth")) return {};
  const { openBao, keys, announced } = stack.keyStore;
  const signs = inStore(stack, "oauth-keys");
  const published = [...keys, ...announced]
    .filter((key) => isPublished(key) && !(key === "oauth-keys" && signs))
    .flatMap((key) => namespacesOf(stack, key).map((namespace) => accountKeyName(namespace, SIGNERS[key])))
    .toSorted();
  return { keyStore: { openBao: asked(openBao), signs, published } };
}

/** Where a key's signers are: partners' own gateways are other accounts, so they have keys of their own. */
function namespacesOf({ namespace, dedicated = [] }: Stack, key: StoredKey): readonly string[] {
  if (key !== "message-keys") return [namespace];
  return [namespace, ...dedicated.map((clientId) => dedicatedNamespace(namespace, clientId))];
}

function asked({ address, mount, auth, role, caBundle }: OpenBaoSettings): OpenBaoSettings {
  return { address, mount, auth, role, ...(caBundle === undefined ? {} : { caBundle }) };
}

/** Name of the ConfigMap that carries a process's configuration. */
export function configName(process: Configured): string {
  return `${process}-config`;
}

/** The ConfigMap of one process. */
export function configMap(chart: Chart, stack: Stack, process: Configured): void {
  new k8s.KubeConfigMap(chart, `config-${process}`, {
    metadata: metadataOf(stack, process, configName(process)),
    data: { "config.json": `${JSON.stringify(configurations(stack)[process], undefined, 2)}\n` },
  });
}

/**
 * Changes when a process must start again to see what it was given: its configuration or a trust root.
 *
 * Certificates and keys are no part of it: services read those again while they run.
 */
export function configChecksum(stack: Stack, process: Configured): string {
  return createHash("sha256")
    .update(JSON.stringify([configurations(stack)[process], stack.serviceCa, stack.partnerCa]))
    .digest("hex")
    .slice(0, 32);
}
