import fc from "fast-check";
import { expect, test } from "vitest";

import type { Change } from "./cache.ts";
import { Cache } from "./cache.ts";
import type { ConfigMap } from "./resources.ts";
import { configMaps } from "./resources.ts";

const at = (version: number, name = "a", uid = name): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    namespace: "n",
    name,
    uid,
    resourceVersion: String(version),
    labels: { team: `t${version % 2}` },
  },
});
const watched = () => {
  const cache = new Cache<ConfigMap>({
    resource: configMaps,
    indexes: { team: ({ metadata }) => [metadata.labels?.["team"] ?? ""] },
  });
  const changes: Change<ConfigMap>[] = [];
  cache.subscribe((change) => changes.push(change));
  return { cache, changes };
};
const key = { namespace: "n", name: "a" };
const version = (cache: Cache<ConfigMap>): string | undefined => cache.get(key)?.metadata.resourceVersion;

test("an own write is read back at once, and older news does not undo it", () => {
  const { cache } = watched();
  cache.replace([at(5)], "5");
  cache.wrote(at(9), "me");
  expect(version(cache)).toBe("9");
  cache.seen(at(7));
  expect(version(cache)).toBe("9");
});

test("REL-06 news older than an own write is counted, the write's own echo is not", () => {
  let stale = 0;
  const cache = new Cache({ resource: configMaps, onStale: () => stale++ });
  cache.replace([at(5)], "5");
  cache.wrote(at(9), "me");
  cache.seen(at(7));
  expect(stale).toBe(1);
  cache.seen(at(9));
  expect(stale).toBe(1);
});

test("the echo of an own write says whose it is", () => {
  const { cache, changes } = watched();
  cache.replace([at(5)], "5");
  cache.wrote(at(9), "me");
  cache.seen(at(9));
  expect(changes.at(-1)?.writtenBy).toBe("me");
});

test("the echo of an own write tells what was there before it, over several writes", () => {
  const { cache, changes } = watched();
  cache.replace([at(5)], "5");
  cache.wrote(at(8), "me");
  cache.wrote(at(9), "me");
  cache.seen(at(9));
  expect(changes.at(-1)).toMatchObject({ type: "updated", object: at(9), previous: at(5) });
});

test("the echo of what we made ourselves tells that it is new", () => {
  const { cache, changes } = watched();
  cache.wrote(at(9), "me");
  cache.seen(at(9));
  expect(changes).toEqual([
    { type: "added", object: at(9), previous: undefined, initial: false, writtenBy: "me" },
  ]);
});

test("a change by others that an own write covered is told all the same", () => {
  const { cache, changes } = watched();
  cache.replace([at(5)], "5");
  cache.wrote(at(9), "me");
  cache.seen(at(7));
  expect(changes.at(-1)).toMatchObject({ type: "updated", object: at(9) });
  expect(changes.at(-1)?.writtenBy).toBeUndefined();
});

test("REL-05 an event seen twice is told once", () => {
  const { cache, changes } = watched();
  cache.seen(at(5));
  cache.seen(at(5));
  expect(changes).toHaveLength(1);
});

test("a list older than an own write keeps the write", () => {
  const { cache } = watched();
  cache.wrote(at(9), "me");
  cache.replace([], "8");
  expect(version(cache)).toBe("9");
  cache.replace([], "10");
  expect(version(cache)).toBeUndefined();
});

test("an own write that the watch passed over is not among the objects watched", () => {
  const { cache } = watched();
  cache.wrote(at(9), "me");
  cache.caughtUp("8");
  expect(version(cache)).toBe("9");
  cache.caughtUp("9");
  expect(version(cache)).toBeUndefined();
});

test("REL-06 the late deletion of a predecessor does not remove its successor", () => {
  const { cache } = watched();
  cache.seen(at(5, "a", "first"));
  cache.seen(at(9, "a", "second"));
  cache.removed(at(7, "a", "first"));
  expect(cache.get(key)?.metadata.uid).toBe("second");
});

test("a restored server's list counts although its versions are older", () => {
  const { cache } = watched();
  cache.replace([at(500)], "500");
  cache.replace([at(5)], "5", true);
  expect(version(cache)).toBe("5");
});

test("a list that lacks a known object removes it", () => {
  const { cache, changes } = watched();
  cache.replace([at(5), at(6, "b")], "6");
  cache.replace([at(6, "b")], "7");
  expect(changes.at(-1)).toMatchObject({ type: "removed", initial: true });
  expect(cache.list().map(({ metadata }) => metadata.name)).toEqual(["b"]);
});

test("an index follows its objects", () => {
  const { cache } = watched();
  cache.seen(at(4));
  expect(cache.by("team", "t0")).toHaveLength(1);
  cache.seen(at(5));
  expect(cache.by("team", "t0")).toEqual([]);
  expect(cache.by("team", "t1")).toHaveLength(1);
  cache.removed(at(6));
  expect(cache.by("team", "t1")).toEqual([]);
  expect(() => cache.by("color", "red")).toThrow('no index "color"');
});

test("managed fields and kubectl's copy are not kept", () => {
  const { cache } = watched();
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", kept: "yes" };
  cache.seen({ ...at(5), metadata: { ...at(5).metadata, annotations, managedFields: [{}] } });
  expect(cache.get(key)?.metadata).not.toHaveProperty("managedFields");
  expect(cache.get(key)?.metadata.annotations).toEqual({ kept: "yes" });
});

test("however events, lists and own writes interleave, the newest version is served and changes follow on one another", () => {
  const version = fc.integer({ min: 1, max: 30 });
  const operation = fc.record({ kind: fc.constantFrom("seen", "wrote", "list"), version });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      const { cache, changes } = watched();
      let newest = 0;
      for (const each of operations) {
        const seen = Math.max(newest, each.version);
        if (each.kind === "seen") cache.seen(at(each.version));
        else if (each.kind === "wrote") cache.wrote(at(each.version), "me");
        // A list is never older than what the watch delivered before it.
        else cache.replace([at(seen)], String(seen));
        newest = seen;
        expect(cache.get(key)?.metadata.resourceVersion).toBe(String(newest));
      }
      expect(cache.by("uid", "a")).toHaveLength(newest === 0 ? 0 : 1);
      // Nothing is removed here, so each change begins where the one before it ended.
      for (const [index, change] of changes.entries())
        expect(change.previous).toBe(changes[index - 1]?.object);
    }),
  );
});
