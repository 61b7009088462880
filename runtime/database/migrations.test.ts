import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pendingMigrations, type Migration } from "./migrations.ts";

function file(number: number, sql = `step ${number}`): Migration {
  return { number, name: `${String(number).padStart(4, "0")}-step.sql`, sql, checksum: `checksum of ${sql}` };
}

describe("pending migrations", () => {
  test.each([
    { why: "a new schema gets all of them", files: [1, 2, 3], applied: [], want: [1, 2, 3] },
    { why: "a schema that is up to date gets none", files: [1, 2], applied: [1, 2], want: [] },
    { why: "only what is newer is applied", files: [1, 2, 3], applied: [1], want: [2, 3] },
    {
      why: "an older version beside a newer schema has nothing to do",
      files: [1],
      applied: [1, 2],
      want: [],
    },
  ])("$why", ({ files, applied, want }) => {
    const pending = pendingMigrations(
      "consent",
      files.map((n) => file(n)),
      applied.map((n) => file(n)),
    );
    expect(pending.map(({ number }) => number)).toEqual(want);
  });

  test("a file edited after it was applied is refused by its name", () => {
    expect(() => pendingMigrations("consent", [file(1, "edited")], [file(1)])).toThrow(
      "consent/0001-step.sql was edited after it was applied",
    );
  });

  test("a file that comes too late is refused by its name", () => {
    expect(() => pendingMigrations("consent", [file(1), file(2)], [file(2)])).toThrow(
      "consent/0001-step.sql was never applied, but number 2 already is",
    );
  });

  test("applying in two parts does the same as applying at once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }), (count, first) => {
        const files = Array.from({ length: count }, (_, index) => file(index + 1));
        const early = pendingMigrations("consent", files.slice(0, first), []);
        const late = pendingMigrations("consent", files, early);
        expect([...early, ...late]).toEqual(files);
      }),
    );
  });
});
