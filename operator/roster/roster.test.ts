import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Roster } from "../../crds/shard.ts";
import { clientIdOf } from "../csr/names.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import type { Server } from "../signed/server.ts";
import { testPartner } from "../testing/partner.ts";
import { reissueAfter, rosterFor, type RosterWorld } from "./roster.ts";

const now = new Date("2026-11-22T18:00:00Z");
const later = new Date("2026-11-22T18:10:00Z");

function partner(name: string, spec: Partial<PartnerObject["spec"]> = {}): PartnerObject {
  const made = testPartner("", spec);
  return { ...made, metadata: { ...made.metadata, name } };
}

function served(object: PartnerObject, shardVersion: number, isServed: boolean): PartnerObject {
  return { ...object, status: { groups: [{ name: "ke", shardVersion, served: isServed }] } };
}

function pod(startedAt: Date): Server {
  return {
    pod: "gateway-1",
    service: "gateway",
    startedAt,
    resourceVersion: "1",
    rosterVersion: 1,
    refused: new Map(),
    behaviour: new Map(),
  };
}

const acme = clientIdOf("partners", "acme");
const world = (change: Partial<RosterWorld> = {}): RosterWorld => ({
  group: "ke",
  partners: [partner("acme"), partner("zeta"), partner("elsewhere", { groups: ["eu"] })],
  previous: undefined,
  servers: [],
  ...change,
});

function entry(roster: Roster, clientId = acme) {
  return roster.partners.find((each) => each.clientId === clientId);
}

test("a roster lists the partners that name the group, sorted, and is of now", () => {
  const roster = rosterFor(world(), now);
  expect(roster).toMatchObject({
    kind: "roster",
    group: "ke",
    version: now.getTime(),
    issuedAt: now.toISOString(),
  });
  const ids = ["acme", "zeta"].map((name) => clientIdOf("partners", name));
  expect(roster.partners.map(({ clientId }) => clientId)).toEqual(ids.toSorted());
});

test("without a change the roster stays the very same, whatever order the partners come in", () => {
  const previous = rosterFor(world(), now);
  expect(rosterFor(world({ previous, partners: world().partners.toReversed() }), later)).toBe(previous);
});

test("suspension and revocation are a new version at once", () => {
  const previous = rosterFor(world(), now);
  const partners = [partner("acme", { suspended: true, revokedThumbprints: ["b", "a"] }), partner("zeta")];
  const roster = rosterFor(world({ previous, partners }), later);
  expect(roster.version).toBe(later.getTime());
  expect(entry(roster)).toMatchObject({ suspended: true, revoked: ["a", "b"] });
});

test("the version grows even when the clock went back", () => {
  const previous = rosterFor(world({ partners: [] }), later);
  expect(rosterFor(world({ previous }), now).version).toBe(later.getTime() + 1);
});

describe("who leaves", () => {
  const previous = rosterFor(world(), now);

  test("a partner being deleted, and one that names other groups", () => {
    const leaving = partner("acme");
    const partners = [
      { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: now.toISOString() } },
      partner("zeta", { groups: ["eu"] }),
    ];
    expect(rosterFor(world({ previous, partners }), later).partners).toEqual([]);
  });

  test("nobody because its Partner is missing, as in a hub that is being rebuilt from Git", () => {
    expect(rosterFor(world({ previous, partners: [] }), later)).toBe(previous);
  });
});

describe("the oldest version that may be served", () => {
  test("rises when every pod has the newest, not earlier", () => {
    const first = rosterFor(world({ partners: [served(partner("acme"), 5, false)] }), now);
    expect(entry(first)?.minimumVersion).toBe(1);
    const next = rosterFor(world({ previous: first, partners: [served(partner("acme"), 5, true)] }), later);
    expect(entry(next)?.minimumVersion).toBe(5);
  });

  test("never falls", () => {
    const previous = rosterFor(world({ partners: [served(partner("acme"), 5, true)] }), now);
    expect(rosterFor(world({ previous, partners: [served(partner("acme"), 4, true)] }), later)).toBe(
      previous,
    );
  });
});

describe("an unchanged roster is vouched for again, under its version,", () => {
  const previous = rosterFor(world(), now);

  test("when a pod has started since", () => {
    const roster = rosterFor(world({ previous, servers: [pod(new Date("2026-11-22T18:05:00Z"))] }), later);
    expect(roster).toEqual({ ...previous, issuedAt: later.toISOString() });
  });

  test("once, though the pod's clock is ahead", () => {
    const ahead = new Date(later.getTime() + 20_000);
    const roster = rosterFor(world({ previous, servers: [pod(ahead)] }), later);
    expect(roster.issuedAt).toBe(ahead.toISOString());
    expect(rosterFor(world({ previous: roster, servers: [pod(ahead)] }), later)).toBe(roster);
  });

  test("but not for a start in the far future", () => {
    expect(rosterFor(world({ previous, servers: [pod(new Date("2030-01-01"))] }), later)).toBe(previous);
  });

  test("at half of its longest age", () => {
    const half = new Date(now.getTime() + reissueAfter(previous, now));
    expect(half).toEqual(new Date("2026-11-22T18:30:00Z"));
    expect(rosterFor(world({ previous }), half)).toEqual({ ...previous, issuedAt: half.toISOString() });
  });
});

test("whatever happens in whatever order, no version and no minimum ever falls", () => {
  const change = fc.record({
    at: fc.integer({ min: 1, max: 10_000_000 }),
    suspended: fc.boolean(),
    version: fc.integer({ min: 1, max: 100 }),
    isServed: fc.boolean(),
  });
  const property = fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
    let previous: Roster | undefined;
    return changes.every(({ at, suspended, version, isServed }) => {
      const partners = [served(partner("acme", { suspended }), version, isServed)];
      const next = rosterFor(world({ previous, partners }), new Date(at));
      const grows =
        !previous ||
        (next.version >= previous.version &&
          (entry(next)?.minimumVersion ?? 0) >= (entry(previous)?.minimumVersion ?? 0) &&
          (next.version > previous.version || entry(next)?.suspended === entry(previous)?.suspended));
      previous = next;
      return grows;
    });
  });
  expect(() => fc.assert(property)).not.toThrow();
});

test("REL-13 a roster's version is above the shards of its partners, so that who comes again begins above them", () => {
  const ahead = now.getTime() + 3_600_000;
  const leaving = served(partner("acme"), ahead, true);
  const gone = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: now.toISOString() } };
  const previous = rosterFor(world(), now);
  expect(rosterFor(world({ partners: [gone], previous }), later).version).toBeGreaterThan(ahead);
});
