import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createDirectory, ROSTER_PATIENCE_MS, type PartnerDirectory } from "./shards.ts";
import { ACME, aRoster, aShard, detachedJws, testSigner } from "./testing/signed.ts";

const startedAt = new Date("2026-11-22T09:59:00Z");
const signer = testSigner();
const thumbprint = "t".repeat(43);
const certificate = { name: "primary", thumbprint, serial: "01", notAfter: "2027-01-01T00:00:00Z" };

const empty = (): PartnerDirectory => createDirectory({ group: "ke", trust: signer.trust, startedAt });
const withAcme = (): PartnerDirectory => {
  const directory = empty();
  directory.take(signer.roster(aRoster()));
  directory.take(signer.shard(aShard({ version: 5, certificates: [certificate] })));
  return directory;
};
const entry = { clientId: ACME, minimumVersion: 1, suspended: false, revoked: [] as string[] };

test("a partner is served once both its shard and the roster say so, in either order", () => {
  const shardFirst = empty();
  shardFirst.take(signer.shard(aShard()));
  expect(shardFirst.partner(ACME)).toBeUndefined();
  shardFirst.take(signer.roster(aRoster()));
  expect(shardFirst.partner(ACME)).toMatchObject({ clientId: ACME, suspended: false });
  expect(withAcme().byThumbprint(thumbprint)?.clientId).toBe(ACME);
});

test.each([
  { why: "an unsigned shard", signature: undefined },
  { why: "an empty signature", signature: "" },
  { why: "a signature over other bytes", signature: signer.signature("{}") },
  {
    why: "another key under the trusted name",
    signature: testSigner().signature(JSON.stringify(aShard({ version: 6 }))),
  },
  { why: "an unknown key", signature: testSigner("other").signature(JSON.stringify(aShard({ version: 6 }))) },
  {
    why: "a critical extension",
    signature: detachedJws(generateKeyPairSync("ed25519").privateKey, "test", "x", {
      crit: ["b64"],
      b64: false,
    }),
  },
  {
    why: "another algorithm",
    signature: `${Buffer.from('{"alg":"none","kid":"test"}').toString("base64url")}..`,
  },
])("$why is refused and the last good shard stays", ({ signature }) => {
  const directory = withAcme();
  const payload = JSON.stringify(aShard({ version: 6, displayName: "Poisoned" }));
  directory.take({ name: `shard-${ACME}`, resourceVersion: "6", payload, signature });
  expect(directory.partner(ACME)?.shard.displayName).toBe("Acme Finance");
  expect(directory.applied()).toMatchObject({ resourceVersion: "6", refused: [{ clientId: ACME }] });
});

test.each([
  { why: "an older shard", shard: aShard({ version: 4 }), reason: "older than 5" },
  { why: "a shard of another group", shard: aShard({ version: 9, group: "eu" }), reason: "the group eu" },
  {
    why: "a shard with a field of the wrong form",
    shard: { ...aShard({ version: 9 }), limit: { requestsPerSecond: 0, burst: 1, maxConcurrent: 1 } },
    reason: "limit.requestsPerSecond",
  },
])("$why is refused with its reason", ({ shard, reason }) => {
  const directory = withAcme();
  directory.take(signer.shard(shard, "9"));
  expect(directory.partner(ACME)?.shard.version).toBe(5);
  expect(directory.applied().refused).toEqual([{ clientId: ACME, reason: expect.stringContaining(reason) }]);
});

test("a shard under another partner's name is refused", () => {
  const directory = withAcme();
  const stolen = signer.shard(aShard({ clientId: "ptn-00000000000000bb", version: 9 }));
  directory.take({ ...stolen, name: `shard-${ACME}` });
  expect(directory.partner(ACME)?.shard.version).toBe(5);
  expect(directory.partner("ptn-00000000000000bb")).toBeUndefined();
});

test("a good shard after a refused one clears the refusal", () => {
  const directory = withAcme();
  directory.take({ name: `shard-${ACME}`, resourceVersion: "6", payload: "{", signature: "x" });
  directory.take(signer.shard(aShard({ version: 7 })));
  expect(directory.applied().refused).toEqual([]);
  expect(directory.partner(ACME)?.shard.version).toBe(7);
});

test("a suspension counts from the call that takes the roster in", () => {
  const directory = withAcme();
  const heard: string[] = [];
  directory.onChange(({ clientIds }) => heard.push(...clientIds));
  directory.take(signer.roster(aRoster({ version: 2, partners: [{ ...entry, suspended: true }] })));
  expect(directory.partner(ACME)?.suspended).toBe(true);
  expect(heard).toEqual([ACME]);
});

test("a revoked certificate is nobody's", () => {
  const directory = withAcme();
  directory.take(signer.roster(aRoster({ version: 2, partners: [{ ...entry, revoked: [thumbprint] }] })));
  expect(directory.byThumbprint(thumbprint)).toBeUndefined();
  expect(directory.partner(ACME)?.certificates.size).toBe(0);
});

test("a partner the roster drops is gone, and an earlier roster does not bring it back", () => {
  const directory = withAcme();
  directory.take(signer.roster(aRoster({ version: 2, partners: [] })));
  expect(directory.partner(ACME)).toBeUndefined();
  directory.take(signer.roster(aRoster({ version: 1 }), "99"));
  expect(directory.partner(ACME)).toBeUndefined();
  expect(directory.lists(ACME)).toBe(false);
  expect(directory.applied()).toMatchObject({ rosterVersion: 2, refused: [{ clientId: "roster" }] });
});

test("a shard older than the roster demands is not served until the newer one comes", () => {
  const directory = withAcme();
  directory.take(signer.roster(aRoster({ version: 2, partners: [{ ...entry, minimumVersion: 8 }] })));
  expect(directory.partner(ACME)).toBeUndefined();
  directory.take(signer.shard(aShard({ version: 8 })));
  expect(directory.partner(ACME)?.shard.version).toBe(8);
});

test("the same roster vouched for again, under its version, is taken", () => {
  const directory = withAcme();
  directory.take(signer.roster(aRoster({ issuedAt: "2026-11-22T10:20:00.000Z" })));
  expect(directory.roster()?.issuedAt).toBe("2026-11-22T10:20:00.000Z");
});

const later = (ms: number): Date => new Date(startedAt.getTime() + ms);

test.each([
  { why: "no roster at all", issuedAt: undefined, at: 60_000, ready: false },
  { why: "one younger than the start", issuedAt: later(1), at: 2, ready: true },
  { why: "an older one at first", issuedAt: later(-1), at: ROSTER_PATIENCE_MS - 1, ready: false },
  { why: "an older one when the hub stays silent", issuedAt: later(-1), at: ROSTER_PATIENCE_MS, ready: true },
  {
    why: "one older than an hour, however long it waits",
    issuedAt: later(-3_600_000),
    at: 40_000,
    ready: false,
  },
])("a starting pod with $why is ready: $ready", ({ issuedAt, at, ready }) => {
  const directory = empty();
  if (issuedAt !== undefined) directory.take(signer.roster(aRoster({ issuedAt: issuedAt.toISOString() })));
  expect(directory.notReady(later(at)) === undefined).toBe(ready);
});

test("a pod that served goes on with an old roster, because the hub may order but never kill", () => {
  const directory = withAcme();
  expect(directory.notReady(later(120_000))).toBeUndefined();
  expect(directory.notReady(later(86_400_000))).toBeUndefined();
});

test("whatever order rosters arrive in, the highest version is in force and none comes back", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 }), (versions) => {
      const directory = empty();
      for (const [n, version] of versions.entries()) {
        directory.take(signer.roster(aRoster({ version }), String(n + 1)));
        expect(directory.roster()?.version).toBe(Math.max(...versions.slice(0, n + 1)));
      }
    }),
    { numRuns: 50 },
  );
});
