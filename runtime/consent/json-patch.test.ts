import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isJsonPatch, patched, type JsonPatch } from "./json-patch.ts";

const DOCUMENT = { a: { b: [1, 2, 3], "x/y": "slash", "m~n": "tilde" }, c: null };

describe("a patch (RFC 6902)", () => {
  test.each<{ why: string; patch: JsonPatch; want: unknown }>([
    { why: "adds a member", patch: [{ op: "add", path: "/d", value: 1 }], want: { ...DOCUMENT, d: 1 } },
    {
      why: "adds into a list, and at its end",
      patch: [
        { op: "add", path: "/a/b/1", value: 9 },
        { op: "add", path: "/a/b/-", value: 4 },
      ],
      want: { ...DOCUMENT, a: { ...DOCUMENT.a, b: [1, 9, 2, 3, 4] } },
    },
    {
      why: "removes from a list",
      patch: [{ op: "remove", path: "/a/b/0" }],
      want: { ...DOCUMENT, a: { ...DOCUMENT.a, b: [2, 3] } },
    },
    {
      why: "replaces what it has tested",
      patch: [
        { op: "test", path: "/c", value: null },
        { op: "replace", path: "/c", value: { d: 1 } },
      ],
      want: { ...DOCUMENT, c: { d: 1 } },
    },
    {
      why: "moves a member whose name has a slash",
      patch: [{ op: "move", from: "/a/x~1y", path: "/e" }],
      want: { a: { b: [1, 2, 3], "m~n": "tilde" }, c: null, e: "slash" },
    },
    {
      why: "unescapes a tilde last",
      patch: [{ op: "replace", path: "/a/m~0n", value: 0 }],
      want: { ...DOCUMENT, a: { ...DOCUMENT.a, "m~n": 0 } },
    },
  ])("$why", ({ patch, want }) => {
    expect(patched(DOCUMENT, patch)).toEqual({ ok: true, document: want });
  });

  test.each<{ why: string; operation: JsonPatch[number] }>([
    { why: "removes what is not there", operation: { op: "remove", path: "/z" } },
    { why: "replaces what is not there", operation: { op: "replace", path: "/a/z", value: 1 } },
    { why: "tests for something else", operation: { op: "test", path: "/a/b", value: [1, 2] } },
    { why: "adds beyond the end of a list", operation: { op: "add", path: "/a/b/4", value: 1 } },
    { why: "counts with a leading zero", operation: { op: "replace", path: "/a/b/01", value: 1 } },
    { why: "goes below a text", operation: { op: "add", path: "/a/x~1y/0", value: 1 } },
    { why: "moves something into itself", operation: { op: "move", from: "/a", path: "/a/b/c" } },
    { why: "asks for what every object inherits", operation: { op: "remove", path: "/constructor" } },
  ])("does nothing at all when one operation $why", ({ operation }) => {
    const before = structuredClone(DOCUMENT);
    const first = { op: "add", path: "/d", value: 1 } as const;
    expect(patched(DOCUMENT, [first, operation])).toEqual({ ok: false, at: operation.path });
    expect(DOCUMENT).toEqual(before);
  });

  test("is none when it copies, names the whole document, or has fifty-one operations", () => {
    const add = { op: "add", path: "/a", value: 1 };
    expect(isJsonPatch([add])).toBe(true);
    for (const other of [
      [{ op: "copy", from: "/a", path: "/b" }],
      [{ ...add, path: "" }],
      [{ ...add, path: "a" }],
      Array.from({ length: 51 }, () => add),
      [],
      add,
    ])
      expect(isJsonPatch(other)).toBe(false);
  });

  test("that adds a member and takes it away again leaves what was there", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (document, name) => {
        const path = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        fc.pre(!Object.hasOwn(document, name));
        const patch: JsonPatch = [
          { op: "add", path, value: 1 },
          { op: "test", path, value: 1 },
          { op: "remove", path },
        ];
        expect(patched(document, patch)).toEqual({ ok: true, document });
      }),
    );
  });
});
