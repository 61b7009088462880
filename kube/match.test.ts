import fc from "fast-check";
import { expect, test } from "vitest";

import { differences } from "./match.ts";
import type { Manifest } from "./object.ts";

const object = (fields: Record<string, unknown>, kind = "Thing"): Manifest => ({
  apiVersion: "v1",
  kind,
  metadata: { name: "a", namespace: "n" },
  ...fields,
});
const paths = (wanted: Manifest, live: Manifest, keys = {}): readonly string[] =>
  differences(wanted, live, keys).map(({ path }) => path);

test.each([
  {
    why: "a default of the server is no difference",
    wanted: { spec: { a: 1 } },
    live: { spec: { a: 1, b: 2 } },
    want: [],
  },
  { why: "another value is", wanted: { spec: { a: 1 } }, live: { spec: { a: 2 } }, want: ["spec.a"] },
  { why: "a missing field is", wanted: { spec: { a: 1 } }, live: {}, want: ["spec"] },
  { why: "an empty list may be absent", wanted: { spec: { a: [], b: {} } }, live: { spec: {} }, want: [] },
  {
    why: "an empty list that was filled is not",
    wanted: { spec: { a: [] } },
    live: { spec: { a: [1] } },
    want: ["spec.a"],
  },
  {
    why: "an entry added to a list that is one value is a difference",
    wanted: { rules: [{ verbs: ["get"] }] },
    live: { rules: [{ verbs: ["get"] }, { verbs: ["*"] }] },
    want: ["rules"],
  },
  {
    why: "an entry added to a list by key is somebody else's",
    wanted: { containers: [{ name: "app", image: "i" }] },
    live: { containers: [{ name: "sidecar" }, { name: "app", image: "i", terminationMessagePath: "x" }] },
    want: [],
  },
  {
    why: "a changed entry of a list by key is named",
    wanted: { containers: [{ name: "app", image: "i" }] },
    live: { containers: [{ name: "app", image: "evil" }] },
    want: ["containers[name=app].image"],
  },
  {
    why: "container ports go by number and protocol",
    wanted: { containers: [{ name: "app", ports: [{ containerPort: 1 }] }] },
    live: {
      containers: [{ name: "app", ports: [{ containerPort: 2 }, { containerPort: 1, protocol: "TCP" }] }],
    },
    want: [],
  },
  {
    why: "an amount may be spelled otherwise",
    wanted: { resources: { requests: { cpu: "1000m", memory: "1024Mi" } } },
    live: { resources: { requests: { cpu: "1", memory: "1Gi" } } },
    want: [],
  },
  {
    why: "text that looks like an amount may not",
    wanted: { data: { cpu: "1000m" } },
    live: { data: { cpu: "1" } },
    want: ["data.cpu"],
  },
  { why: "status is never wanted", wanted: { status: { a: 1 } }, live: {}, want: [] },
])("$why", ({ wanted, live, want }) => {
  expect(paths(object(wanted), object(live))).toEqual(want);
});

test("labels, annotations and finalizers count, what the server keeps does not", () => {
  const wanted = { ...object({}), metadata: { name: "a", uid: "x", labels: { l: "1" }, finalizers: ["f"] } };
  const live = { ...object({}), metadata: { name: "a", uid: "y", labels: { l: "2" }, finalizers: ["g"] } };
  expect(paths(wanted, live)).toEqual(["metadata.labels.l", "metadata.finalizers"]);
});

test("ports of a NetworkPolicy are one value, those of a Service go by key", () => {
  const wanted = { spec: { ports: [{ port: 1 }] } };
  const live = {
    spec: {
      ports: [
        { port: 1, protocol: "TCP" },
        { port: 2, protocol: "TCP" },
      ],
    },
  };
  expect(paths(object(wanted, "Service"), object(live, "Service"))).toEqual([]);
  expect(paths(object(wanted, "NetworkPolicy"), object(live, "NetworkPolicy"))).toEqual(["spec.ports"]);
});

test("a custom resource can name its lists by key", () => {
  const wanted = object({ spec: { slots: [{ id: "1", x: 1 }] } });
  const live = object({ spec: { slots: [{ id: "0" }, { id: "1", x: 1 }] } });
  expect(paths(wanted, live)).toEqual(["spec.slots"]);
  expect(paths(wanted, live, { slots: ["id"] })).toEqual([]);
});

test.each(["__proto__", "constructor", "toString"])(
  "a field called %s is a field like any other",
  (field) => {
    const spec = JSON.parse(`{"${field}": [{"x": 1}]}`) as Record<string, unknown>;
    expect(paths(object({ spec }), object({ spec }))).toEqual([]);
    expect(paths(object({ spec }), object({ spec: { other: 1 } }))).toEqual([`spec.${field}`]);
  },
);

const json = fc.jsonValue({ maxDepth: 4 });

test("an object never differs from itself, nor from itself with more members", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), fc.dictionary(fc.string(), json), (fields, more) => {
      const spec = fields;
      expect(paths(object({ spec }), object({ spec }))).toEqual([]);
      expect(paths(object({ spec }), object({ spec: { ...more, ...spec } }))).toEqual([]);
    }),
  );
});

test("any change of any value that is set is seen", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minKeys: 1 }),
      (spec) => {
        for (const field of Object.keys(spec)) {
          expect(paths(object({ spec }), object({ spec: { ...spec, [field]: { other: true } } }))).toEqual([
            `spec.${field}`,
          ]);
        }
      },
    ),
  );
});
