import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { ROSTER_NAME, shardName, type Roster, type Shard, type ShardTrust } from "../../../crds/shard.ts";
import type { SignedConfigMap } from "../signed-document.ts";

/** A signer of shards and rosters, as the operator is one. */
export interface TestSigner {
  readonly trust: ShardTrust;
  /** Detached JWS over a text. */
  signature(payload: string): string;
  shard(shard: Shard, resourceVersion?: string): SignedConfigMap;
  roster(roster: Roster, resourceVersion?: string): SignedConfigMap;
}

/** Makes a signer with a new Ed25519 key. */
export function testSigner(kid = "test"): TestSigner {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const x = publicKey.export({ format: "jwk" })["x"] ?? "";
  const signature = (payload: string): string => detachedJws(privateKey, kid, payload);
  const signed = (name: string, value: unknown, resourceVersion: string): SignedConfigMap => {
    const payload = JSON.stringify(value);
    return { name, resourceVersion, payload, signature: signature(payload) };
  };
  return {
    trust: { keys: [{ kid, kty: "OKP", crv: "Ed25519", x }] },
    signature,
    shard: (shard, resourceVersion = String(shard.version)) =>
      signed(shardName(shard.clientId), shard, resourceVersion),
    roster: (roster, resourceVersion = String(roster.version)) =>
      signed(ROSTER_NAME, roster, resourceVersion),
  };
}

/** `header..signature` with EdDSA. */
export function detachedJws(key: KeyObject, kid: string, payload: string, header: object = {}): string {
  const head = Buffer.from(JSON.stringify({ alg: "EdDSA", kid, ...header })).toString("base64url");
  const input = `${head}.${Buffer.from(payload).toString("base64url")}`;
  return `${head}..${sign(null, Buffer.from(input), key).toString("base64url")}`;
}

/** The client id that tests know first. */
export const ACME = "ptn-00000000000000aa";

/** A shard of the group `ke` with sensible contents. */
export function aShard(fields: Partial<Shard> = {}): Shard {
  return {
    kind: "shard",
    group: "ke",
    clientId: ACME,
    version: 1,
    partner: "partners/acme",
    displayName: "Acme Finance",
    roles: ["AISP"],
    securityProfile: "fapi2-security",
    senderConstraint: "mtls",
    clientAuthentication: "private_key_jwt",
    redirectUris: ["https://acme.example/callback"],
    jwks: { keys: [] },
    certificates: [],
    limit: { requestsPerSecond: 100, burst: 200, maxConcurrent: 50 },
    policy: {
      name: "kenya",
      hash: "0".repeat(64),
      text: "{}",
      permissions: ["ReadAccountsBasic", "ReadBalances"],
      maxDurationDays: 365,
      reauthenticationDays: 180,
      historyDays: 90,
      unattendedPerDay: 4,
    },
    ...fields,
  };
}

/** A roster of the group `ke` that lists clients by default as live from version 1 on. */
export function aRoster(fields: Partial<Roster> = {}): Roster {
  return {
    kind: "roster",
    group: "ke",
    version: 1,
    issuedAt: "2026-11-22T10:00:00.000Z",
    partners: [{ clientId: ACME, minimumVersion: 1, suspended: false, revoked: [] }],
    ...fields,
  };
}
