import type { RegionSpec } from "../../crds/region.ts";
import type { ShardTrust } from "../../crds/shard.ts";
import type { OpenBaoSettings } from "../../key-store/open-bao/settings.ts";

/** The container images a stack runs; tags are content hashes, so a change of code is a change of name. */
export interface StackImages {
  /** All TypeScript services and Jobs. */
  readonly wekeza: string;
  readonly postgres: string;
  readonly redis: string;
  /** Needed by a stack with a stream. */
  readonly kafka?: string;
}

/** Read replicas of a stack's database. */
export interface ReadReplicas {
  /** How many, at least one. */
  readonly replicas: number;
  /** Size and StorageClass of the volume of each; volumes keep what they were made with. */
  readonly storage: string;
  readonly storageClass?: string;
}

/** Pods of a service: at least, at most. */
export interface Sizes {
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/** Where one API server is reached from a pod, for the network policy. */
export interface ApiServerAddress {
  /** As `10.96.0.1/32`. */
  readonly cidr: string;
  readonly port: number;
}

/** A system of the bank's own that a service of the stack calls. */
export interface BankSystem {
  /** Origin, as `https://fraud.bank.example:8443`. */
  readonly url: string;
  /** Root of its certificate, PEM; that of the region's services unless given. */
  readonly trust?: string;
  /** CIDR blocks that its addresses lie in; absent: anywhere. */
  readonly networks?: readonly string[];
}

/** A store that holds some of a stack's keys, and which, by the names of the Secrets they would be in. */
export interface StackKeyStore {
  readonly openBao: OpenBaoSettings & Pick<BankSystem, "networks">;
  /** Those that sign there. */
  readonly keys: readonly StoredKey[];
  /** Those that still sign out of their Secrets, and of which what is in the store is published already. */
  readonly announced: readonly StoredKey[];
}

/** Keys of a stack that a store may hold. */
export type StoredKey = NonNullable<RegionSpec["keyStore"]>["keys"][number];

/** Which service signs with each, or opens: with its ServiceAccount, after which the key is named there. */
export const SIGNERS: Readonly<Record<StoredKey, Service>> = {
  "audit-signing-key": "audit",
  "audit-wrapping-key": "audit",
  "events-keys": "events",
  "oauth-keys": "oauth",
  "message-keys": "gateway",
};

/** Everything a stack's objects are made of. Equal input renders equal objects. */
export interface Stack {
  /** FailoverGroup whose data it holds. */
  readonly group: string;
  /** Namespace in the region's cluster. */
  readonly namespace: string;
  readonly region: string;
  /** ISO 3166-1 alpha-2 code. */
  readonly country: string;
  readonly environment: "production" | "sandbox";
  /** Whether demo customers are made. */
  readonly demoData: boolean;
  readonly hosts: { readonly api: string; readonly auth: string; readonly mtlsAuth: string };
  readonly images: StackImages;
  readonly gateway: Sizes;
  /** What webhooks may be called beside those on the Internet; nothing in production. */
  readonly webhooks: { readonly privateHosts: readonly string[]; readonly trust?: string };
  /** The stream that events go to; absent: none. */
  readonly kafka?: {
    readonly image: string;
    /** StorageClass of its volume; absent: the default of the cluster. */
    readonly storageClass?: string;
  };
  /** The bank's channels to its customers; absent: the sandbox's mailbox. */
  readonly channels?: BankSystem;
  /** Whose customers, accounts and books they are; absent: the ledger of the stack. */
  readonly core?: BankSystem;
  /** Who scores payments; absent: the sandbox's own, in production nobody. */
  readonly fraud?: BankSystem;
  /** The way to other banks; absent: the sandbox's own, in production none. */
  readonly scheme?: BankSystem;
  /** Where keys are that are in no Secret; absent: none are. */
  readonly keyStore?: StackKeyStore;
  /** Sizes of oauth, consent and banking, each. */
  readonly services: Sizes;
  /** Size of the Postgres volume; a volume keeps the size it was made with. */
  readonly storage: string;
  /** StorageClass of the Postgres volume; absent: the default of the cluster. */
  readonly storageClass?: string;
  /** Copies of the database that account information is read from; absent: none. */
  readonly readReplicas?: ReadReplicas;
  /** Whose signatures on shards and roster the services believe. */
  readonly trust: ShardTrust;
  /** Server certificate of the three hosts, base64 as in a Secret of type kubernetes.io/tls. */
  readonly hostTls: { readonly certificate: string; readonly key: string };
  /** Root of the region's service certificates, PEM. */
  readonly serviceCa: string;
  /** Chain that partners' certificates are verified by, PEM. */
  readonly partnerCa: string;
  /** The API server of the region's cluster, before and after address translation. */
  readonly apiServer: readonly ApiServerAddress[];
  /** ServiceAccount the operator acts as in that cluster; it gets its rights in the stack's namespace only. */
  readonly operator: { readonly namespace: string; readonly name: string };
  /** Client ids of partners that have gateways of their own beside the stack; absent: nobody has. */
  readonly dedicated?: readonly string[];
  /** Present where only the gateways of one partner are: whose, and the namespace of the stack that they belong to. */
  readonly beside?: Beside;
}

/** What makes a namespace one of a partner's own gateways. */
export interface Beside {
  readonly clientId: string;
  /** Namespace of the stack. */
  readonly stack: string;
}

/** Processes of a stack that answer requests and grow with load. */
export const SERVICES = ["gateway", "oauth", "consent", "banking", "events", "audit"] as const;
export type Service = (typeof SERVICES)[number];

/** Components that a stack may have, and has not. */
export function absentFrom({ demoData, kafka, readReplicas }: Stack): ReadonlySet<string> {
  return new Set([
    ...(demoData ? [] : ["seed"]),
    ...(kafka ? [] : ["kafka"]),
    ...(readReplicas ? [] : ["postgres-read"]),
  ]);
}

/** Whether a key of a stack is in its store, instead of a Secret. */
export function inStore({ keyStore }: Pick<Stack, "keyStore">, key: StoredKey): boolean {
  return keyStore?.keys.includes(key) === true;
}

/** Whether others verify by a key, so that it is published. Auditors have the key of their log on paper, and the one that opens signs nothing. */
export function isPublished(key: StoredKey): boolean {
  return SIGNERS[key] !== "audit";
}

/** Whether a service asks the store: it signs there, or publishes what others sign with. */
export function asksStore({ keyStore }: Pick<Stack, "keyStore">, service: Service): boolean {
  if (keyStore === undefined) return false;
  const { keys, announced } = keyStore;
  if (keys.some((key) => SIGNERS[key] === service)) return true;
  return service === "oauth" && [...keys, ...announced].some(isPublished);
}
