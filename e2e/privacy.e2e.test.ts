import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import { until } from "../local/wait.ts";
import { type Bank, groupNamed, openBank } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { openOwnPages, type OwnPages } from "./support/own-pages.ts";
import { leave, newVisitor, readAccounts, type Visitor } from "./support/visitor.ts";

const root = join(import.meta.dirname, "..");
/** What a person of the bank types, as the page has it. */
const [, typed = ""] = /```sh\n([\s\S]*?)```/.exec(readFileSync(join(root, "docs/privacy.md"), "utf8")) ?? [];
const [where = ""] = typed.split("\n");
const compliance = `node cli/privacy/main.ts --namespace stack-east-africa --kubeconfig $run/ke.kubeconfig --`;

let bank: Bank;
let visitor: Visitor;
let pages: OwnPages;
let customer: string;

beforeAll(async () => {
  bank = await openBank();
  const group = groupNamed(bank, "east-africa");
  visitor = await newVisitor(bank, group, "privacy");
  const wanjiru = demoCustomer(group);
  customer = wanjiru.id;
  pages = await openOwnPages(bank, visitor, wanjiru);
});
afterAll(() =>
  inAnyCase(
    // Whatever a test left of it: others read this customer's accounts too.
    () => customer !== undefined && run(`${compliance} unrestrict ${customer} --by e2e`),
    () => pages?.close(),
    () => leave(bank, visitor),
    () => bank?.close(),
  ),
);

/** A person of the bank at a shell. */
function run(...lines: readonly string[]): { readonly status: number | null; readonly said: string } {
  const script = [where, ...lines].join("\n").replaceAll("CUSTOMER", customer);
  const { status, stdout } = spawnSync("bash", ["-e", "-c", `exec 2>&1\n${script}`], {
    cwd: root,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, said: stdout };
}

const answersWith = (status: number): Promise<string> =>
  until(
    async () => {
      const answer = await readAccounts(visitor);
      return answer.status === status ? `${answer.status} ${answer.body}` : undefined;
    },
    { timeout: 10_000, every: 100, what: `her accounts to be answered with ${status}` },
  );

test("what a customer gives to nobody no partner reads, until she allows it again", async () => {
  await answersWith(200);
  await pages.press(/give my data to nobody/i);
  expect(pages.text()).toContain("we give your data to nobody");
  expect(await answersWith(403)).toContain("U008");
  await pages.press(/give it again/i);
  await answersWith(200);
});

test("she takes along everything that is kept of her, this consent with it", async () => {
  const record = JSON.parse(await pages.read("/consents/export")) as {
    readonly customer: string;
    readonly consents: readonly { readonly id: string }[];
  };
  expect(record.customer).toBe(customer);
  expect(record.consents.map(({ id }) => id)).toContain(visitor.given.consentId);
});

test("the commands of the page hold her data for a case, and let go of it", () => {
  const held = run(...typed.split("\n").slice(1));
  expect(held).toMatchObject({ status: 0, said: expect.stringContaining("case 12/2026") });
  const holds = run(`${compliance} holds CUSTOMER`);
  expect(holds).toMatchObject({ status: 0, said: expect.stringContaining("j.mwangi") });
  const [id] = /hold-[\w-]+/.exec(holds.said) ?? [];
  expect(run(`${compliance} release ${id} --by e2e`)).toMatchObject({ status: 0 });
  expect(run(`${compliance} holds CUSTOMER`).said).not.toContain(String(id));
});

test("what she takes back on her page is refused at once", async () => {
  await pages.press(/^take this back/i, visitor.given.consentId);
  expect(await answersWith(401)).toBe("401 ");
});

test("she gets a receipt of what she took back, once it is signed", async () => {
  const { consentId } = visitor.given;
  const receipt = await until(
    async () => {
      const file = await pages.read(`/consents/receipts/${consentId}`);
      return file.startsWith("{") ? file : undefined;
    },
    { timeout: 30_000, every: 500, what: `the receipt of ${consentId}` },
  );
  expect(JSON.parse(receipt)).toMatchObject({ format: "wekeza-receipt/1", subject: consentId });
  expect(receipt).toContain("consent.withdrawn");
});
