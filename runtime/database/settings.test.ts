import { describe, expect, test } from "vitest";
import { settingsFiles } from "./settings.ts";

const files = settingsFiles({
  database: "wekeza",
  port: 5432,
  namespace: "stack-ke",
  folder: "/tmp/postgres",
  user: "postgres",
});

describe("the settings of a stack's Postgres", () => {
  test.each(["postgresql.conf", "pg_hba.conf", "pg_ident.conf"] as const)("%s", async (name) => {
    await expect(files[name]).toMatchFileSnapshot(`golden/${name}`);
  });

  test("let nobody in with a password or without TLS", () => {
    const rules = files["pg_hba.conf"]
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/));
    expect(rules.map(([type]) => type)).toEqual(["local", "hostssl"]);
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
