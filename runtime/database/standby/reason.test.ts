import { expect, test } from "vitest";
import { connectionTo, slotName } from "./connection.ts";
import { reasonToCopy, STUCK_MS } from "./reason.ts";

test.each([
  { why: "of another database", system: "2", slot: "kept", stillMs: 0, want: /another database/ },
  { why: "whose log was thrown away", system: "1", slot: "lost", stillMs: 0, want: /thrown away/ },
  { why: "that the primary does not know", system: "1", slot: "none", stillMs: 0, want: /keeps no log/ },
  {
    why: "that stands still",
    system: "1",
    slot: "kept",
    stillMs: STUCK_MS + 1,
    want: /not come on for 300 s/,
  },
] as const)("a copy $why is made anew", ({ system, slot, stillMs, want }) => {
  expect(reasonToCopy("1", { system, slot }, stillMs)).toMatch(want);
});

test("a copy that may still come on is kept", () => {
  expect(reasonToCopy("1", { system: "1", slot: "kept" }, STUCK_MS)).toBeUndefined();
});

test("a pod's slot has a name that Postgres takes", () => {
  expect(slotName("postgres-read-0")).toBe("postgres_read_0");
});

test("no folder's name gets out of its quotes", () => {
  const standby = { primary: { host: "postgres", port: 5432 }, slot: "s" };
  expect(connectionTo(standby, String.raw`/o'ne\il`)).toContain(String.raw`sslcert='/o\'ne\\il/tls.crt'`);
});
