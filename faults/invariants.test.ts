import { expect, test } from "vitest";
import { PAYLOAD_KEY, SHARD_LABEL } from "../crds/shard.ts";
import type { KubeObject } from "../kube/object.ts";
import { clientIdOf } from "../operator/csr/names.ts";
import { testPartner } from "../operator/testing/partner.ts";
import type { Event } from "./historian.ts";
import { brokenInvariants } from "./invariants.ts";

const clientId = clientIdOf("partners", "acme");

const roster = (
  version: number,
  suspended = false,
  revoked: readonly string[] = [],
  namespace = "stack-ke",
): Event => {
  const document = { kind: "roster", version, partners: [{ clientId, suspended, revoked }] };
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name: "roster", labels: { [SHARD_LABEL]: "roster" } },
    data: { [PAYLOAD_KEY]: JSON.stringify(document) },
  };
  return { type: "updated", object: object as KubeObject };
};

const partner = (suspended: boolean, saysSo = suspended, revokedThumbprints: string[] = []): Event => {
  const made = testPartner("", { suspended, revokedThumbprints });
  const condition = { type: "Suspended", status: saysSo ? "True" : "False", reason: "", message: "" };
  const status = { observedGeneration: 1, conditions: [condition] };
  const object = { ...made, metadata: { ...made.metadata, generation: 1 }, status };
  return { type: "updated", object: object as unknown as KubeObject };
};

test("a roster that grows breaks nothing", () => {
  expect(brokenInvariants([roster(1), roster(2), partner(false), roster(3)])).toEqual([]);
});

test("a version that goes back is told", () => {
  expect(brokenInvariants([roster(2), roster(1)])).toEqual(["stack-ke/roster went back from version 2 to 1"]);
});

test("who is called suspended must not be served until the spec says so", () => {
  const served = expect.stringContaining("though it is suspended") as string;
  expect(brokenInvariants([roster(1, true), partner(true), roster(2, false)])).toEqual([served]);
  expect(brokenInvariants([roster(1, true), partner(true), partner(false), roster(2, false)])).toEqual([]);
  expect(brokenInvariants([roster(1), partner(true, false), roster(2, false)])).toEqual([]);
});

test("a certificate that was taken back stays so while the spec says it", () => {
  const back = [partner(false, false, ["t"]), roster(1, false, ["t"])];
  expect(brokenInvariants([...back, roster(2)])).toHaveLength(1);
  expect(brokenInvariants([...back, partner(false), roster(2)])).toEqual([]);
});

test("a stack that was not told yet that a certificate was taken back has nothing to go back on", () => {
  const [told, late] = [roster(1, false, ["t"]), roster(1, false, [], "stack-eu")];
  const heard = roster(2, false, ["t"], "stack-eu");
  expect(brokenInvariants([partner(false, false, ["t"]), told, late, heard])).toEqual([]);
  expect(
    brokenInvariants([partner(false, false, ["t"]), told, late, heard, roster(3, false, [], "stack-eu")]),
  ).toEqual([expect.stringContaining("stack-eu/roster accepts a certificate") as string]);
});

const leaving: Event = {
  type: "updated",
  object: { apiVersion: "v1", kind: "Namespace", metadata: { name: "stack-ke", deletionTimestamp: "now" } },
};

test("a roster that is deleted is told, unless its stack goes as a whole", () => {
  const removed: Event = { ...roster(7), type: "removed" };
  expect(brokenInvariants([roster(7), removed])).toHaveLength(1);
  expect(brokenInvariants([roster(7), leaving, removed])).toEqual([]);
});

test("a stack that is made again under its name begins with versions of its own", () => {
  const gone: Event = { ...leaving, type: "removed" };
  expect(brokenInvariants([roster(7), leaving, gone, roster(1)])).toEqual([]);
  expect(brokenInvariants([roster(7), leaving, roster(1)])).toHaveLength(1);
});

test("a stack's end may be heard of before that of its roster, and the next stack's roster is told again", () => {
  const removed: Event = { ...roster(7), type: "removed" };
  const gone: Event = { ...leaving, type: "removed" };
  const made: Event = {
    type: "added",
    object: { apiVersion: "v1", kind: "Namespace", metadata: { name: "stack-ke" } },
  };
  expect(brokenInvariants([roster(7), leaving, gone, removed])).toEqual([]);
  expect(brokenInvariants([roster(7), leaving, gone, removed, made, roster(1), removed])).toHaveLength(1);
});
