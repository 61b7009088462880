import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Registry } from "prom-client";
import type { Log } from "../service/logger.ts";
import type { Database } from "../service/postgres.ts";
import { type GrantStore, grantStore } from "./adapter/grant-store.ts";
import { oneTimeStore } from "./adapter/one-time-store.ts";
import type { Bank } from "./bank.ts";
import { clientFinder } from "./client.ts";
import type { OauthConfig } from "./config.ts";
import type { Consents } from "./consents.ts";
import { attemptsIn } from "./journey/attempts.ts";
import { journeyStore } from "./journey/journey-store.ts";
import { createMailbox, type CodeSender, type Mailbox } from "./journey/mailbox.ts";
import { journeyApp } from "./journey/routes.ts";
import type { OauthKeys } from "./keys.ts";
import { LIFETIME } from "./lifetimes.ts";
import { authHost, mtlsHost } from "./listeners/hosts.ts";
import { tellingEnds } from "./ended-grants.ts";
import { countEvents } from "./metrics.ts";
import type { Partners } from "./partners.ts";
import { createProvider } from "./provider.ts";

/** What the authorization server stands on. */
export interface OauthOptions {
  readonly config: Pick<OauthConfig, "hosts" | "environment" | "accessTokenSeconds">;
  readonly keys: OauthKeys;
  readonly redis: Redis;
  readonly db: Pick<Database, "query" | "transaction">;
  readonly partners: Partners;
  readonly consents: Consents;
  readonly bank: Bank;
  /** How codes reach customers; absent: the sandbox's mailbox. */
  readonly channels?: CodeSender | undefined;
  readonly log: Log;
  /** Where its metrics go. */
  readonly registry: Registry;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** An unpredictable integer from 0 up to but not including its argument. */
  readonly random: (below: number) => number;
}

/** The authorization server without its sockets. */
export interface Oauth {
  /** Requests of browsers, on `hosts.auth`. */
  readonly auth: RequestListener;
  /** Requests of partners' clients, on `hosts.mtlsAuth`; the socket is a TLS one with a verified client certificate. */
  readonly mtls: RequestListener;
  readonly grants: GrantStore;
  close(): Promise<void>;
}

/** @throws Error in production without channels: the sandbox's mailbox is no way to send codes. */
export async function createOauth(options: OauthOptions): Promise<Oauth> {
  const { config, keys, redis, db, partners, consents, bank, log, registry, clock, random } = options;
  const { hosts, accessTokenSeconds } = config;
  const { channels } = options;
  const ways = channels === undefined ? mailboxOf(redis, config.environment) : { codes: channels };
  const grants = tellingEnds(grantStore(db), redis, log);
  const stores = { oneTime: oneTimeStore(redis, clock), grants, client: clientFinder(partners, log) };
  const provider = createProvider({
    hosts,
    keys,
    stores,
    partners,
    consents,
    accessTokenSeconds,
    log,
    clock,
  });
  countEvents(provider, registry);
  const [key = ""] = keys.cookieKeys;
  const journey: FastifyInstance = await journeyApp({
    provider,
    partners,
    consents,
    key,
    clock,
    random,
    bank,
    log,
    grants,
    audience: `https://${hosts.api}`,
    journeys: journeyStore(redis, LIFETIME.interaction),
    attempts: attemptsIn(redis),
    newVisit: () => randomBytes(32).toString("base64url"),
    codes: ways.codes,
  });
  const served = {
    hosts,
    provider,
    journey,
    partners,
    log,
    clock,
    ...ways,
  };
  return { auth: authHost(served), mtls: mtlsHost(served), grants, close: () => journey.close() };
}

/** Where partners read codes in a sandbox is where they are sent. */
function mailboxOf(
  redis: Redis,
  environment: "production" | "sandbox",
): { codes: CodeSender; mailbox: Mailbox } {
  const mailbox = createMailbox(redis, environment);
  return { codes: mailbox, mailbox };
}
