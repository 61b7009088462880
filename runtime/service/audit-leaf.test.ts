import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { auditLeaf, canonicalJson } from "./audit-leaf.ts";

describe("canonical JSON", () => {
  test("orders members by UTF-16 and spells numbers as RFC 8785 section 3.2.3 shows", () => {
    const value = {
      "\u20ac": "Euro",
      "\r": 1,
      "1": [333333333.3333333, 1e30, 4.5, 6, 2e-3, 1e-27],
      a: undefined,
    };
    expect(canonicalJson(value)).toBe(
      '{"\\r":1,"1":[333333333.3333333,1e+30,4.5,6,0.002,1e-27],"\u20ac":"Euro"}',
    );
  });

  test("means the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("does not depend on the order in which members were written", () => {
    expect(canonicalJson({ b: 1, a: { d: 2, c: 3 } })).toBe(canonicalJson({ a: { c: 3, d: 2 }, b: 1 }));
  });
});

test("a leaf's hash begins with the byte that tells leaves from nodes", () => {
  const { text, hash } = auditLeaf({ a: 1 });
  expect(text).toBe('{"a":1}');
  expect(hash).toEqual(createHash("sha256").update('\0{"a":1}').digest());
});
