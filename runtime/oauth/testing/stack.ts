import { generateKeyPairSync, randomBytes, randomInt } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import pg from "pg";
import { until } from "../../../local/wait.ts";
import type { Redis } from "ioredis";
import { Registry } from "prom-client";
import type { Shard } from "../../../crds/shard.ts";
import { createLog, type Log } from "../../service/logger.ts";
import { createUpstream } from "../../service/mtls-client.ts";
import { createDatabase, type Database } from "../../service/postgres.ts";
import { createRedis } from "../../service/redis.ts";
import { createDirectory, type PartnerDirectory } from "../../service/shards.ts";
import { fixedIdentity, testAuthority, type TestAuthority } from "../../service/testing/authority.ts";
import { aRoster, testSigner } from "../../service/testing/signed.ts";
import { createOauth, type Oauth } from "../app.ts";
import { bankOf } from "../bank.ts";
import { consentsOf } from "../consents.ts";
import { type OauthKeys, parseKeys } from "../keys.ts";
import { tlsServer } from "../listeners/tls-server.ts";
import { partnersOf } from "../partners.ts";
import { type Neighbours, startNeighbours } from "./neighbours.ts";
import { HOSTS } from "./hosts.ts";
import type { Ports } from "./network.ts";
import { newPartner, type TestPartner } from "./partner.ts";

/** A running authorization server with real TLS, Postgres, Redis and neighbours. */
export interface TestStack {
  readonly ports: Ports;
  /** Root of the hosts' certificates. */
  readonly hostCa: string;
  readonly partnerCa: TestAuthority;
  readonly neighbours: Neighbours;
  readonly oauth: Oauth;
  readonly redis: Redis;
  readonly db: Database;
  readonly directory: PartnerDirectory;
  addPartner(fields?: Partial<Shard>): Promise<TestPartner>;
  /** Writes a new roster with these exceptions. */
  roster(
    exceptions: Readonly<Record<string, { readonly suspended?: boolean; readonly revoked?: string[] }>>,
  ): void;
  close(): Promise<void>;
}

/** Makes schema, role and tables of the service in an empty database. */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("create schema oauth");
  await client.query(
    "do $$ begin create role oauth login; exception when duplicate_object then null; end $$",
  );
  await client.query("grant usage on schema oauth to oauth");
  const folder = new URL("../sql/", import.meta.url);
  for (const file of readdirSync(folder).toSorted())
    await client.query(readFileSync(new URL(file, folder), "utf8"));
  await client.end();
}

/** What a stack is started over. */
export interface StackOptions {
  readonly redisPort: number;
  readonly databaseUrl: string;
  readonly log?: Log;
  /** Absent: a new one in a file. */
  readonly keys?: OauthKeys;
}

/** Starts everything over a Redis and a migrated database that run already. */
export async function startStack({
  redisPort,
  databaseUrl,
  log = createLog("oauth", { level: process.env["LOG_LEVEL"] ?? "silent" }),
  keys = testKeys(),
}: StackOptions): Promise<TestStack> {
  const [services, hostCa, partnerCa] = (await Promise.all(
    ["services of ke", "hosts of the test", "partners of the test"].map(testAuthority),
  )) as [TestAuthority, TestAuthority, TestAuthority];
  const identityOf = async (name: string) => fixedIdentity(await services.service(name), services.ca);
  const identity = await identityOf("oauth");
  const neighbours = await startNeighbours(await identityOf("consent"), log);
  const upstream = createUpstream({ identity, origin: neighbours.origin });
  const { hostname, port, pathname } = new URL(databaseUrl);
  // Fewer than any pod has: who takes a second one while it holds one waits for itself, and fails.
  const database = { host: hostname, port: Number(port), name: pathname.slice(1), poolSize: 1 };
  const db = createDatabase({ config: database, user: "oauth", log });
  const redis = createRedis({ config: { host: "127.0.0.1", port: redisPort }, service: "oauth", log });
  const signer = testSigner();
  const directory = createDirectory({ group: "ke", trust: signer.trust, startedAt: new Date() });
  const shards: Shard[] = [];
  let version = 1;
  const rosterOf: TestStack["roster"] = (exceptions) => {
    version += 1;
    const partners = shards.map(({ clientId }) => ({
      clientId,
      minimumVersion: 1,
      suspended: exceptions[clientId]?.suspended ?? false,
      revoked: exceptions[clientId]?.revoked ?? [],
    }));
    directory.take(
      signer.roster(aRoster({ version, issuedAt: new Date().toISOString(), partners }), String(version)),
    );
  };
  const oauth = await createOauth({
    config: { hosts: HOSTS, environment: "sandbox", accessTokenSeconds: 600 },
    keys,
    redis,
    db,
    partners: partnersOf(directory),
    consents: consentsOf(upstream),
    bank: bankOf(upstream),
    log,
    registry: new Registry(),
    clock: () => Date.now(),
    random: (below) => randomInt(below),
  });
  const host = await hostCa.issue({ commonName: HOSTS.auth, dns: Object.values(HOSTS) });
  const hostTls = unchanging({ key: host.key, cert: host.cert });
  const servers = [
    tlsServer({ hostTls, handler: oauth.auth }),
    tlsServer({ hostTls, clientCa: unchanging({ ca: partnerCa.ca }), handler: oauth.mtls }),
  ] as const;
  const [authPort, mtlsPort] = await Promise.all(servers.map(listen));
  return {
    ports: { [HOSTS.auth]: authPort ?? 0, [HOSTS.mtlsAuth]: mtlsPort ?? 0 },
    hostCa: hostCa.ca,
    partnerCa,
    neighbours,
    oauth,
    redis,
    db,
    directory,
    async addPartner(fields = {}) {
      version += 1;
      const partner = await newPartner(partnerCa, { version, ...fields });
      shards.push(partner.shard);
      directory.take(signer.shard(partner.shard, String(version)));
      rosterOf({});
      return partner;
    },
    roster: rosterOf,
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await oauth.close();
      await upstream.close();
      await neighbours.close();
      await db.close();
      redis.disconnect();
    },
  };
}

/** Waits until a Redis is old enough: what was made in the second it started in is refused, it may be a restarted one. */
export async function remembering(redis: Redis): Promise<void> {
  const uptime = async () => Number(/uptime_in_seconds:(\d+)/.exec(await redis.info("server"))?.[1]);
  await until(async () => (await uptime()) >= 3 || undefined, { timeout: 10_000, every: 50, what: "Redis" });
}

function testKeys() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...privateKey.export({ format: "jwk" }), kid: "as-1", alg: "ES256", use: "sig" };
  const cookies = [randomBytes(32).toString("base64url")];
  return parseKeys(JSON.stringify({ keys: [jwk] }), JSON.stringify(cookies));
}

/** Files that never change. */
function unchanging<Name extends string>(contents: Readonly<Record<Name, string>>) {
  return { current: () => contents, onChange: () => () => undefined, stop: () => undefined };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
