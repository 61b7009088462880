import { Type, type Static } from "typebox";
import { commonStatus } from "./condition.ts";
import { JURISDICTIONS } from "./jurisdiction.ts";
import { defineKind } from "./kind.ts";

const replicas = (description: string) =>
  Type.Object(
    {
      minReplicas: Type.Integer({ minimum: 1, maximum: 100, default: 1, description: "Pods at least." }),
      maxReplicas: Type.Integer({ minimum: 1, maximum: 100, default: 3, description: "Pods at most." }),
    },
    {
      default: { minReplicas: 1, maxReplicas: 3 },
      description,
      "x-kubernetes-validations": [
        {
          rule: "self.minReplicas <= self.maxReplicas",
          message: "minReplicas must not be above maxReplicas; raise maxReplicas.",
        },
      ],
    },
  );

/** 1 to 65535: what the API server lets pass has to be good for a network policy. */
const PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";

const origin = (example: string) =>
  Type.String({
    maxLength: 253,
    pattern: `^https://[a-z0-9.-]+(:${PORT})?$`,
    description: `Its origin, for example ${example}.`,
  });

/** Where something lies that may be called. */
const networks = Type.Optional(
  Type.Array(
    Type.String({
      maxLength: 18,
      pattern: `^(${OCTET}\\.){3}${OCTET}/(3[0-2]|[12]?[0-9])$`,
    }),
    {
      minItems: 1,
      maxItems: 16,
      "x-kubernetes-list-type": "set",
      description:
        "Where its addresses lie, for example 10.20.0.0/24: nothing else may be called. Absent: any address, on its port.",
    },
  ),
);

/** A system of the bank's own, called over mutual TLS by the service that needs it. */
const bankSystem = (example: string, description: string) =>
  Type.Optional(
    Type.Object(
      {
        url: origin(example),
        trust: Type.Optional(
          Type.String({
            maxLength: 32_768,
            description: "Its root certificate (PEM); that of the region's services unless given.",
          }),
        ),
        networks,
      },
      { description },
    ),
  );

/** Keys of stacks that a store may hold, by the names of the Secrets they are in otherwise. */
const STORED_KEYS = [
  "audit-signing-key",
  "audit-wrapping-key",
  "events-keys",
  "oauth-keys",
  "message-keys",
] as const;

const MOUNT = "^[a-z0-9]([a-z0-9/_-]*[a-z0-9])?$";

/** A store out of which no private key comes: whoever signs or opens asks it. */
const keyStore = Type.Optional(
  Type.Object(
    {
      openBao: Type.Object(
        {
          address: origin("https://vault.bank.example:8200"),
          caBundle: Type.Optional(
            Type.String({
              maxLength: 32_768,
              description: "Roots of its certificate (PEM); those of the Internet unless given.",
            }),
          ),
          networks,
          mount: Type.String({
            maxLength: 128,
            pattern: MOUNT,
            default: "transit",
            description: "Where its transit engine is mounted.",
          }),
          auth: Type.String({
            maxLength: 128,
            pattern: MOUNT,
            default: "kubernetes",
            description: "Where its Kubernetes auth method is mounted that knows this Region's cluster.",
          }),
          role: Type.String({
            maxLength: 128,
            pattern: "^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$",
            default: "wekeza-stack",
            description: "The role that pods log in as; docs/trust.md says what it may.",
          }),
        },
        { description: "OpenBao or HashiCorp Vault, with its transit engine." },
      ),
      keys: Type.Array(Type.Enum([...STORED_KEYS], { type: "string" }), {
        minItems: 1,
        maxItems: 8,
        "x-kubernetes-list-type": "set",
        description:
          "Which keys it holds, by the names of docs/reference/keys.md; the others stay in Secrets. None can be taken out again.",
      }),
    },
    { description: "A store of keys out of which none comes; absent: Secrets of the stacks." },
  ),
);

/** Where and how a region runs. */
export const RegionSpec = Type.Object(
  {
    environment: Type.Enum(["production", "sandbox"], {
      type: "string",
      description: "production refuses every stand-in: demo customers, mailbox codes.",
    }),
    country: Type.String({
      pattern: "^[A-Z]{2}$",
      description: "ISO 3166-1 alpha-2 code of where its data lies, for example KE.",
    }),
    jurisdiction: Type.Enum([...JURISDICTIONS], {
      type: "string",
      description: "Law its services follow.",
    }),
    cluster: Type.Optional(
      Type.Object(
        {
          kubeconfigSecretRef: Type.Object(
            {
              name: Type.String({ minLength: 1, maxLength: 63, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" }),
            },
            { description: "Secret of the operator's namespace whose key `kubeconfig` reaches the cluster." },
          ),
        },
        { description: "The region's cluster; absent: a namespace of the hub cluster." },
      ),
    ),
    runtime: Type.Object(
      {
        gateway: replicas(
          "Sizes of the gateway. What its pods report raises the least: one for each 1,000 requests a second.",
        ),
        services: replicas("Sizes of oauth, consent, banking, events and audit."),
      },
      { default: {}, description: "Sizes of the services." },
    ),
    database: Type.Object(
      {
        driver: Type.Enum(["builtin"], {
          type: "string",
          default: "builtin",
          description: "builtin: a StatefulSet of our own.",
        }),
        storage: Type.String({
          pattern: "^[1-9][0-9]{0,3}(Mi|Gi|Ti)$",
          default: "1Gi",
          description: "Size of the Postgres volume, for example 10Gi.",
        }),
        storageClass: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 253,
            pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
            description:
              "StorageClass of the volumes of Postgres (read replicas included) and Kafka, which has to encrypt them (docs/trust.md); a volume keeps the one it was made with, and condition VolumesCurrent of its FailoverGroup says so. Absent: the default of its cluster.",
          }),
        ),
        readReplicas: Type.Integer({
          minimum: 0,
          maximum: 5,
          default: 0,
          description:
            "Copies of the database that account information is read from while they are at most a second behind it (docs/read-replicas.md); each has a volume like its.",
        }),
      },
      { default: {}, description: "The database of each stack." },
    ),
    stream: Type.Optional(
      Type.Object(
        {
          driver: Type.Enum(["builtin"], {
            type: "string",
            default: "builtin",
            description: "builtin: a StatefulSet of our own, one Kafka.",
          }),
        },
        { description: "The stream that events go to, in each stack; absent: none." },
      ),
    ),
    webhooks: Type.Optional(
      Type.Object(
        {
          privateHosts: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), {
            maxItems: 16,
            default: [],
            "x-kubernetes-list-type": "set",
            description:
              "Hosts or addresses that partners' webhooks may have though they are not on the Internet; sandbox only.",
          }),
          trust: Type.Optional(
            Type.String({
              maxLength: 32_768,
              description:
                "Root certificates (PEM) that receivers may have beside the public ones; sandbox only.",
            }),
          ),
        },
        { description: "Where partners may be told of events." },
      ),
    ),
    channels: bankSystem(
      "https://channels.bank.example",
      "How one-time codes reach customers (docs/contracts/wekeza-channels.yaml). A sandbox without it has a mailbox; production needs it.",
    ),
    core: bankSystem(
      "https://core.bank.example",
      "Whose the customers, accounts and books are (docs/contracts/wekeza-core.v1.yaml). Without it they are kept here, in a ledger of our own.",
    ),
    fraud: bankSystem(
      "https://fraud.bank.example",
      "Who scores payments (docs/contracts/wekeza-fraud.v1.yaml). A sandbox without it plays one; in production payments go by the rule for no score.",
    ),
    scheme: bankSystem(
      "https://nextgen.bank.example",
      "The way to other banks (docs/contracts/wekeza-nextgen.v1.yaml). A sandbox without it plays them; in production money to them waits.",
    ),
    keyStore,
    demoData: Type.Boolean({
      default: false,
      description: "Makes demo customers with accounts; sandbox only.",
    }),
  },
  {
    description: "Where and how a region runs.",
    "x-kubernetes-validations": [
      {
        rule: "!(self.environment == 'production' && self.demoData)",
        message: "A production Region must not have demoData; remove it or set environment: sandbox.",
      },
      {
        rule: "!(self.environment == 'production' && has(self.webhooks) && (size(self.webhooks.privateHosts) > 0 || has(self.webhooks.trust)))",
        message:
          "A production Region calls webhooks on the Internet only; remove webhooks.privateHosts and webhooks.trust.",
      },
      {
        rule: "!(has(self.core) && self.demoData)",
        message: "A Region with a core has the core's customers; remove demoData.",
      },
      {
        rule: "!(has(self.core) && self.database.readReplicas > 0)",
        message:
          "A Region with a core reads accounts there, and replicas of its database would answer nothing; remove database.readReplicas.",
      },
      {
        rule: "has(self.core) == has(oldSelf.core)",
        message:
          "A Region's books must not move by adding or removing core: consents name the accounts in them; make a new Region.",
      },
      {
        rule: "!has(oldSelf.keyStore) || (has(self.keyStore) && oldSelf.keyStore.keys.all(key, key in self.keyStore.keys))",
        message:
          "A key that is in the key store stays there: audit-signing-key is the identity of audit logs; put it back into keyStore.keys, or make a new Region.",
      },
      {
        rule: "oldSelf.environment != 'production' || self.environment == 'production'",
        message:
          "A production Region stays one: its partners' keys wait for a second person, and its data is real; make a new Region.",
      },
      {
        rule: "self.country == oldSelf.country",
        message: "country must not change, because data does not move with a name; make a new Region.",
      },
    ],
  },
);
export type RegionSpec = Static<typeof RegionSpec>;

/** What the operator observed of a Region. */
export const RegionStatus = Type.Object({
  ...commonStatus,
  server: Type.Optional(Type.String({ maxLength: 256, description: "API server of its cluster." })),
  kubernetesVersion: Type.Optional(Type.String({ maxLength: 64 })),
  tokenExpires: Type.Optional(
    Type.String({
      maxLength: 40,
      description: "When the operator's token for the cluster ends; it renews at half its life.",
    }),
  ),
  stacks: Type.Optional(
    Type.Array(Type.String({ maxLength: 40 }), {
      maxItems: 64,
      description: "Failover groups with a stack here.",
    }),
  ),
  stackSummary: Type.Optional(
    Type.String({ maxLength: 16, description: "Ready stacks of all, for example `1/1`." }),
  ),
});
export type RegionStatus = Static<typeof RegionStatus>;

export type RegionReason =
  | "Reachable"
  | "Unreachable"
  | "CredentialsMissing"
  | "CredentialsRefused"
  | "StacksReady"
  | "StacksNotReady"
  | "NoStacks"
  | "Deleting"
  | "Paused"
  | "Error";

export const Region = defineKind({
  kind: "Region",
  plural: "regions",
  shortNames: ["rgn"],
  scope: "Cluster",
  description: "A place that runs stacks: a Kubernetes cluster with its country, law and environment.",
  spec: RegionSpec,
  status: RegionStatus,
  columns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: "Reachable, with all its stacks ready.",
    },
    { name: "Country", type: "string", jsonPath: ".spec.country", description: "Where its data lies." },
    {
      name: "Environment",
      type: "string",
      jsonPath: ".spec.environment",
      description: "production or sandbox.",
    },
    { name: "Stacks", type: "string", jsonPath: ".status.stackSummary", description: "Ready stacks of all." },
    {
      name: "Version",
      type: "string",
      jsonPath: ".status.kubernetesVersion",
      description: "Of its API server.",
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  rules: [
    { rule: "self.metadata.name.size() <= 40", message: "A Region's name may have 40 characters at most." },
    {
      rule: "!(self.metadata.name in ['hub', 'home'])",
      message: "The names hub and home are kept for the hub cluster; choose another.",
    },
  ],
});
