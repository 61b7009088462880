import { Type, type Static } from "typebox";
import { ShardTrust } from "../../crds/shard.ts";

/** What every service of a stack is told: who it is and where its neighbours are. Written by the operator. */
export const CommonConfig = Type.Object({
  group: Type.String({ description: "FailoverGroup whose data it serves." }),
  region: Type.String({ description: "Region it runs in." }),
  country: Type.String({ pattern: "^[A-Z]{2}$" }),
  environment: Type.Enum(["production", "sandbox"], { type: "string" }),
  namespace: Type.String({ description: "Namespace of the stack; part of every peer's certificate name." }),
  hosts: Type.Object({ api: Type.String(), auth: Type.String(), mtlsAuth: Type.String() }),
  /** Whose signatures on shards and roster are believed. */
  trust: ShardTrust,
});
export type CommonConfig = Static<typeof CommonConfig>;

/** Services in which the calls of a partner's own gateways run as a role of their own. */
export const PARTNER_SERVICES = ["consent", "banking"] as const;
export type PartnerService = (typeof PARTNER_SERVICES)[number];

/** Where Postgres is; the login is the service's certificate. */
export const DatabaseConfig = Type.Object({
  host: Type.String({ default: "postgres" }),
  port: Type.Integer({ default: 5432 }),
  name: Type.String({ default: "wekeza" }),
  /** Connections at most. */
  poolSize: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
});
export type DatabaseConfig = Static<typeof DatabaseConfig>;

/** A system of the bank's own, called with our certificate. */
export const BankSystem = Type.Object({
  /** Origin, such as `https://channels.bank.example`. */
  url: Type.String({ pattern: "^https://[^/]+$" }),
  /** Root of its certificate, PEM; that of the region's services unless given. */
  trust: Type.Optional(Type.String()),
});
export type BankSystem = Static<typeof BankSystem>;

/** Where Redis is; the password comes from a file of its own. */
export const RedisConfig = Type.Object({
  host: Type.String({ default: "redis" }),
  port: Type.Integer({ default: 6379 }),
});
export type RedisConfig = Static<typeof RedisConfig>;
