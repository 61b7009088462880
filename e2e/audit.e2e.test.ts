import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../local/wait.ts";
import { type Bank, groupNamed, openBank } from "./support/bank.ts";
import { query } from "./support/database.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { stackOf } from "./support/stack.ts";
import { leave, newVisitor, type Visitor } from "./support/visitor.ts";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/audit.md"), "utf8");
/** What a reader of the page types, in its order. */
const [key = "", exportMonth = "", verify = "", pack = "", verifyPack = "", verifyReceipt = ""] = [
  ...page.matchAll(/^( *)```sh\n([\s\S]*?)^\1```/gm),
].map(([, , text]) => text ?? "");

let bank: Bank;
let visitor: Visitor;
let folder: string;
const stack = (): ReturnType<typeof stackOf> => stackOf(groupNamed(bank, "east-africa"));

beforeAll(async () => {
  bank = await openBank();
  visitor = await newVisitor(bank, groupNamed(bank, "east-africa"), "audit");
  folder = mkdtempSync(join(tmpdir(), "audit-"));
});
afterAll(() =>
  inAnyCase(
    () => leave(bank, visitor),
    () => bank?.close(),
    () => rmSync(folder, { recursive: true, force: true }),
  ),
);

/** Runs blocks of the page in an empty folder. */
function type(...blocks: readonly string[]): { readonly status: number | null; readonly said: string } {
  const cwd = mkdtempSync(join(folder, "page-"));
  const script = blocks.join("\n").replaceAll("cli/audit/main.ts", join(root, "cli/audit/main.ts"));
  const { status, stdout } = spawnSync("bash", ["-e", "-c", `exec 2>&1\n${script}\ncp -r "$month" month`], {
    cwd,
    env: { ...process.env, consent: visitor.given.consentId },
    encoding: "utf8",
    timeout: 120_000,
  });
  const leaves = status === 0 ? readFileSync(join(cwd, "month/leaves.ndjson"), "utf8") : "";
  return { status, said: stdout + leaves };
}

/** A statement as superuser, past triggers: what no role may do, and whoever owns the disk can. */
const forge = (sql: string): Promise<unknown> =>
  query(bank, stack(), `set session_replication_role = replica; ${sql}`);

async function placeOf(consent: string): Promise<number> {
  const rows = await until(
    async () => {
      const found = await query(
        bank,
        stack(),
        `select index from audit.leaf where subject = '${consent}' order by index`,
      );
      return found.length >= 2 ? found : undefined;
    },
    { timeout: 30_000, every: 500, what: "the consent's leaves to be in the log" },
  );
  return Number(rows[0]?.[0]);
}

test("with the page, an export and the verifier a consent is proved to be in the log", async () => {
  await placeOf(visitor.given.consentId);
  const { status, said } = type(key, exportMonth, verify);
  expect(said).toContain("PROVED: nothing was changed and nothing is missing.");
  expect(said).toContain(`\\"consent\\":\\"${visitor.given.consentId}\\"`);
  expect(said).toContain('\\"type\\":\\"consent.authorised\\"');
  expect(status).toBe(0);
});

test("one command gives what is known of a consent, and it is proved with the verifier key alone", () => {
  const { status, said } = type(key, exportMonth, pack, verifyPack);
  expect(said).toMatch(/^PROVED {2}leaf \d+ {2}.* {2}consent.authorised$/m);
  expect(said).toMatch(/^PROVED {2}what was asked for$/m);
  expect(said).toMatch(/^PROVED {2}the policy$/m);
  expect(said).toMatch(/^PROVED {2}what the customer was shown$/m);
  expect(status).toBe(0);
});

test("a partner's receipt of a consent is there within seconds, and is proved with the verifier key alone", async () => {
  const { session, given } = visitor;
  const { accessToken } = await session.authorization.clientToken();
  const headers = { authorization: `Bearer ${accessToken}` };
  const url = `https://${session.group.api}/receipts/v1/${given.consentId}`;
  const body = await until(
    async () => {
      const answer = await session.http.send(url, { headers });
      return answer.status === 200 ? answer.body : undefined;
    },
    { timeout: 30_000, every: 500, what: `the receipt of ${given.consentId}` },
  );
  const file = join(folder, "receipt.json");
  writeFileSync(file, body);
  const { status, said } = type(key, exportMonth, verifyReceipt.replace("receipt.json", file));
  expect(said).toMatch(/^PROVED {2}leaf \d+ {2}.* {2}consent.authorised$/m);
  expect(status).toBe(0);
});

test("a leaf that a superuser changed, hash and all, is named by its line", async () => {
  const index = await placeOf(visitor.given.consentId);
  const change = (from: string, to: string): string =>
    `update audit.leaf set leaf = replace(leaf, '${from}', '${to}'),
       hash = sha256('\\x00'::bytea || convert_to(replace(leaf, '${from}', '${to}'), 'UTF8')) where index = ${index}`;
  await forge(change("consent.requested", "consent.forgotten"));
  const { said } = type(key, exportMonth, verify.replace(/\n$/, " || true\n"));
  await forge(change("consent.forgotten", "consent.requested"));
  expect(said).toMatch(new RegExp(`leaves.ndjson line \\d+: leaf ${index} was changed`));
  expect(said).toContain("NOT PROVED: 1 faults");
  expect(type(key, exportMonth, verify).status).toBe(0);
});

test("no service's role can do that, the log's own included", async () => {
  const rows = await query(
    bank,
    stack(),
    `select table_name, grantee, privilege_type from information_schema.role_table_grants
     where table_schema = 'audit' and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE') and grantee <> 'audit_owner'`,
  );
  expect(rows).toEqual([]);
});
