import { expect, test } from "vitest";
import { KEYS } from "./keys.ts";

test("no entry of a Secret is listed twice", () => {
  const entries = KEYS.map(({ namespace, secret, file }) => `${namespace}/${secret}/${file}`);
  expect(entries).toEqual([...new Set(entries)]);
});

test("the page of keys is what is listed", async () => {
  const rows = KEYS.map(
    ({ namespace, secret, file, algorithm, does, madeBy, inPods, readBy, changed, lost, inStore }) =>
      [
        `\`${namespace}/${secret}\` \`${file}\``,
        algorithm,
        `${does}; made by ${madeBy}`,
        inPods.join(", ") || "–",
        readBy.join(", ") || "–",
        changed,
        lost,
        inStore,
      ].join(" | "),
  );
  const page = `# Keys

Every secret that an installation holds. That there is no other, that no other container has it, and that the API server gives it
to nobody else's ServiceAccount is tried on running clusters (\`e2e/keys.e2e.test.ts\`). Whoever is the administrator of a cluster
can read its Secrets; encrypt them at rest (\`make up\` does) and keep that circle small.

| Secret and entry | algorithm | what it does | containers that have it | ServiceAccounts that may read it | how it is exchanged | when it is lost | in a key store |
|---|---|---|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join("\n")}

The last column: a key store is OpenBao or HashiCorp Vault, whose transit engine signs and opens, and gives no private key out
([trust.md](../trust.md#keys-in-a-store-of-the-banks)). A key that was made there is in no Secret, and no container has it.

Not in any Secret:
- The root of the partner CA is offline. Partners' own keys never reach us.
- Pods make the keys by which services know each other, in memory, a new one with every certificate ([ADR 3](../adr/0003-pods-make-their-own-keys.md)).
- Each customer's key for personal fields of the audit log stands in Postgres, sealed to \`audit-wrapping-key\`; erasing her destroys it ([ADR 17](../adr/0017-the-audit-log.md)).
- The API server's own key for Secrets at rest, and those of volumes, are the cluster's ([trust](../trust.md#at-rest)).

Exchanging a key that somebody may have seen: as in the table, without the hours between, and for \`jwks.json\` with the old key taken
out at once. Tokens, events and answers signed with it are then refused by whoever asks for the keys again.
`;
  await expect(page).toMatchFileSnapshot("../docs/reference/keys.md");
});
