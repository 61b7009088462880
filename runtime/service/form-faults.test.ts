import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { expect, test } from "vitest";
import { formFaults } from "./form-faults.ts";
import { obukErrorBody } from "./obuk-error.ts";

const validator = Compile(Type.Object({ known: Type.String() }, { additionalProperties: false }));
const faultsOf = (body: object) => formFaults(validator.Errors(body));

test("what is missing and what is not known are told by their names", () => {
  expect(faultsOf({ more: 1 })).toEqual([
    { reason: "FieldMissing", message: "known is missing.", path: "known" },
    { reason: "FieldUnexpected", message: "more is not known here.", path: "more" },
  ]);
});

test("a member that is not known is told once, by its whole name", () => {
  const paths = faultsOf({ known: "yes", "a/b": 1, "c~d": 1 }).map(({ path }) => path);
  expect(paths).toEqual(["a/b", "c~d"]);
});

test("however much is wrong, one to ten faults are told", () => {
  const names = Array.from({ length: 40 }, (_, n) => `more${n}`);
  const body = Object.fromEntries([["known", "yes"], ...names.map((name) => [name, name])]) as object;
  const { length } = faultsOf(body);
  expect(length).toBeGreaterThan(0);
  expect(length).toBeLessThanOrEqual(10);
});

test("a member without a name has no path", () => {
  const { Errors: errors } = obukErrorBody(faultsOf({ known: "yes", "": 1 }));
  expect(errors).toEqual([{ ErrorCode: "U005", Message: expect.stringContaining("is not known here") }]);
});
