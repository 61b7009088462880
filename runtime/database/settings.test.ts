import { describe, expect, test } from "vitest";
import { settingsFiles } from "./settings.ts";

const input = {
  database: "wekeza",
  port: 5432,
  namespace: "stack-ke",
  folder: "/tmp/postgres",
  user: "postgres",
};
const files = settingsFiles(input);
const replica = settingsFiles({
  ...input,
  standby: { primary: { host: "postgres", port: 5432 }, slot: "postgres_read_0" },
});

describe("the settings of a stack's Postgres", () => {
  test.each(["postgresql.conf", "pg_hba.conf", "pg_ident.conf"] as const)("%s", async (name) => {
    await expect(files[name]).toMatchFileSnapshot(`golden/${name}`);
  });

  test.each(["postgresql.conf", "pg_hba.conf", "pg_ident.conf"] as const)(
    "%s of a read replica",
    async (name) => {
      await expect(replica[name]).toMatchFileSnapshot(`golden/replica/${name}`);
    },
  );

  test("give a replica all the room that its primary has, without which it would stop to follow", () => {
    const bounds = (text: string) =>
      text.split("\n").filter((line) => /^max_(connections|worker|wal_senders|prepared|locks)/.test(line));
    expect(bounds(replica["postgresql.conf"])).toEqual(bounds(files["postgresql.conf"]));
  });

  test.each([
    ["a primary", files, ["local", "hostssl", "hostssl"]],
    ["a replica", replica, ["local", "hostssl"]],
  ] as const)("let nobody into %s with a password or without TLS", (_, { "pg_hba.conf": text }, types) => {
    const rules = text
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/));
    expect(rules.map(([type]) => type)).toEqual(types);
    expect(rules.flat().filter((word) => /trust|password|md5|scram/.test(word))).toEqual([]);
  });

  test("keep a quote in a value inside its value", () => {
    const { "postgresql.conf": text } = settingsFiles({
      database: "wekeza",
      port: 1,
      namespace: "n",
      folder: "/tmp/o'neil",
      user: "u",
    });
    expect(text).toContain("ssl_key_file = '/tmp/o''neil/tls.key'");
  });
});
