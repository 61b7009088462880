import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

test("members are sorted by UTF-16 code units, numbers written as ECMAScript does (RFC 8785 section 3.2)", () => {
  const value = {
    "\u20ac": "Euro",
    "10": 1,
    "9": 333333333.3333333,
    "\ud83d\ude00": [null, true],
    "\ufb33": "\u000f",
  };
  expect(canonicalJson(value)).toBe(
    '{"10":1,"9":333333333.3333333,"\u20ac":"Euro","\ud83d\ude00":[null,true],"\ufb33":"\\u000f"}',
  );
});

test("what is undefined is left out, and what JSON cannot carry is refused", () => {
  expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
  expect(() => canonicalJson({ a: Number.NaN })).toThrow(/no form/);
});

test("the text says the same as the data, whatever order the data came in", () => {
  const property = fc.property(fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<never>), (value) => {
    const reversed = Object.fromEntries(Object.entries(value).toReversed());
    const text = canonicalJson(value);
    return canonicalJson(reversed) === text && text === canonicalJson(JSON.parse(text));
  });
  expect(() => fc.assert(property)).not.toThrow();
});
