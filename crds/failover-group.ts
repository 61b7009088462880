import { Type, type Static } from "typebox";
import { commonStatus } from "./condition.ts";
import { DedicatedGateways } from "./dedicated.ts";
import { GatewayLoad } from "./gateway-load.ts";
import { defineKind } from "./kind.ts";

const hostname = (description: string) =>
  Type.String({
    maxLength: 200,
    pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
    description,
  });

/** Which regions hold one body of data, and under which names it is reached. */
export const FailoverGroupSpec = Type.Object(
  {
    members: Type.Array(
      Type.String({ minLength: 1, maxLength: 40, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" }),
      {
        minItems: 1,
        maxItems: 5,
        description: "Regions that hold the data; the first is its home. This release serves groups of one.",
        "x-kubernetes-list-type": "atomic",
        "x-kubernetes-validations": [
          {
            rule: "self.all(a, self.filter(b, b == a).size() == 1)",
            message: "Each Region may be a member once; remove the repetition.",
          },
          {
            rule: "self.size() == 1",
            message:
              "This release serves groups of one member; replication between members is not there yet. Leave only the home Region.",
          },
        ],
      },
    ),
    residency: Type.Object(
      {
        mode: Type.Enum(["local", "servingCopy", "free"], {
          type: "string",
          description:
            "local: every member in the country; servingCopy: one serving copy there; free: anywhere.",
        }),
        country: Type.Optional(
          Type.String({
            pattern: "^[A-Z]{2}$",
            description: "ISO 3166-1 alpha-2; needed unless mode is free.",
          }),
        ),
      },
      {
        description: "Where the data may lie.",
        "x-kubernetes-validations": [
          {
            rule: "self.mode == 'free' || has(self.country)",
            message: "residency.country is needed unless mode is free; add for example country: KE.",
          },
        ],
      },
    ),
    hosts: Type.Object(
      {
        api: hostname("Where partners call the APIs, for example api.east-africa.example."),
        auth: hostname("Where customers log in and consent; also the issuer."),
        mtlsAuth: hostname("Where partners reach the authorization server with their certificate."),
        tls: Type.Object(
          {
            secretRef: Type.Object(
              {
                name: Type.String({
                  minLength: 1,
                  maxLength: 63,
                  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                }),
              },
              {
                description:
                  "Secret of type kubernetes.io/tls in the namespace wekeza-hosts, valid for the three hosts; for partners of tier dedicated, for `*.<api host>` too.",
              },
            ),
          },
          { description: "Server certificate of the three hosts." },
        ),
      },
      {
        description: "Names under which the group is reached, wherever it is active.",
        "x-kubernetes-validations": [
          {
            rule: "self.api != self.auth && self.api != self.mtlsAuth && self.auth != self.mtlsAuth",
            message: "hosts.api, hosts.auth and hosts.mtlsAuth must be three different names.",
          },
        ],
      },
    ),
  },
  { description: "Which regions hold one body of data." },
);
export type FailoverGroupSpec = Static<typeof FailoverGroupSpec>;

/** What the operator observed of a FailoverGroup. */
export const FailoverGroupStatus = Type.Object({
  ...commonStatus,
  active: Type.Optional(Type.String({ maxLength: 63, description: "Region that serves writes." })),
  namespace: Type.Optional(
    Type.String({ maxLength: 63, description: "Namespace of its stack in every member's cluster." }),
  ),
  addresses: Type.Optional(
    Type.Object({
      api: Type.Optional(Type.String({ maxLength: 64 })),
      auth: Type.Optional(Type.String({ maxLength: 64 })),
      mtlsAuth: Type.Optional(Type.String({ maxLength: 64 })),
    }),
  ),
  image: Type.Optional(
    Type.String({
      maxLength: 256,
      description: "Runtime image all its services run; during an upgrade, the one before.",
    }),
  ),
  failedImage: Type.Optional(
    Type.String({
      maxLength: 256,
      description: "Runtime image that was rolled back, because a service did not get ready with it.",
    }),
  ),
  components: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ maxLength: 63 }),
        ready: Type.Boolean(),
        message: Type.Optional(Type.String({ maxLength: 512 })),
      }),
      { maxItems: 32, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
    ),
  ),
  componentSummary: Type.Optional(
    Type.String({ maxLength: 16, description: "Ready components of all, for example `6/6`." }),
  ),
  dedicated: Type.Optional(
    Type.Array(DedicatedGateways, {
      maxItems: 64,
      description: "Partners with gateways of their own, and the hosts that such partners were given.",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["clientId"],
    }),
  ),
  keysInStore: Type.Optional(
    Type.Array(Type.String({ maxLength: 63 }), {
      maxItems: 8,
      "x-kubernetes-list-type": "set",
      description: "Keys of its stack that sign, or open, in the store of its Region.",
    }),
  ),
  load: Type.Optional(GatewayLoad),
});
export type FailoverGroupStatus = Static<typeof FailoverGroupStatus>;

export type FailoverGroupReason =
  | "Serving"
  | "AllReady"
  | "Published"
  | "MoveRefused"
  | "TrustMissing"
  | "AuthorityRetiring"
  | "KeyStoreAway"
  | "RegionMissing"
  | "RegionUnreachable"
  | "ResidencyViolated"
  | "CoresDiffer"
  | "CertificateMissing"
  | "ComponentsStarting"
  | "AwaitingAddresses"
  | "Upgrading"
  | "UpgradeWaits"
  | "RolledBack"
  | "FloorRaised"
  | "LoadAboveMaximum"
  | "ReplicasFollow"
  | "ReplicasAway"
  | "PodsAboveConnections"
  | "VolumesKept"
  | "KeysKept"
  | "KeysUnknown"
  | "HostTaken"
  | "NameTaken"
  | "Deleting"
  | "Paused"
  | "Error";

export const FailoverGroup = defineKind({
  kind: "FailoverGroup",
  plural: "failovergroups",
  shortNames: ["fog"],
  scope: "Cluster",
  description:
    "The regions that hold one body of data, one of them active; its residency rule and its host names.",
  spec: FailoverGroupSpec,
  status: FailoverGroupStatus,
  columns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: "Whether its stack serves.",
    },
    { name: "Active", type: "string", jsonPath: ".status.active", description: "Region that serves writes." },
    {
      name: "Components",
      type: "string",
      jsonPath: ".status.componentSummary",
      description: "Ready components of all.",
    },
    { name: "Api", type: "string", jsonPath: ".spec.hosts.api", description: "Where partners call." },
    {
      name: "Address",
      type: "string",
      jsonPath: ".status.addresses.api",
      description: "Where that name leads.",
      priority: 1,
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  rules: [
    {
      rule: "self.metadata.name.size() <= 40",
      message: "A FailoverGroup's name may have 40 characters at most.",
    },
    {
      rule: "!self.metadata.name.matches('-ptn-[0-9a-f]{16}$')",
      message:
        "A FailoverGroup's name may not end like the client id of a partner: so are the namespaces of partners with gateways of their own called. Choose another.",
    },
  ],
});
