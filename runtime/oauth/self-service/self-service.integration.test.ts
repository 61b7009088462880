import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Browser, Loaded } from "../testing/browser.ts";
import { authorised, codeInMailbox, customerAt } from "../testing/fapi-client.ts";
import { HOSTS } from "../testing/hosts.ts";
import { WANJIKU } from "../testing/neighbours.ts";
import { startTestbed, type Testbed } from "../testing/testbed.ts";

let bed: Testbed;
beforeAll(async () => {
  bed = await startTestbed();
});
afterAll(() => bed?.close());
beforeEach(async () => {
  const keys = await bed.stack.redis.keys("oauth:tries:*");
  if (keys.length > 0) await bed.stack.redis.del(...keys.map((key) => key.replace("oauth:", "")));
});

const URL_OF_LIST = `https://${HOSTS.auth}/consents`;
const { username, password } = WANJIKU;
const titleOf = ({ text }: Loaded): string | undefined => /<title>([^<]*)</.exec(text)?.[1];
const staged = (): string => bed.stack.neighbours.stage({ clientId: bed.acme.clientId });

async function toList(at: Browser): Promise<Loaded> {
  const login = await at.open(URL_OF_LIST);
  const code = await at.submit(login, "/login", { username, password });
  return await at.submit(code, "/code", { code: await codeInMailbox(bed.client) });
}

test("a customer sees what she gave and takes it back, and its tokens end", async () => {
  const consent = staged();
  const { callback, verifier } = await authorised(bed.stack, bed.client, consent);
  const tokens = await bed.client.exchange(callback, verifier);
  const at = await customerAt(bed.stack);
  const list = await toList(at);
  expect(titleOf(list)).toBe("Who may use your accounts");
  expect(list.text).toContain("<h2>Acme Finance</h2>");
  expect(list.text).toContain("Your balances");
  const after = await at.submit(list, "/withdraw");
  expect(after.text).toContain("Nobody may use your accounts now.");
  expect(bed.stack.neighbours.consent(consent).status).toBe("CANC");
  expect(await bed.client.rawRefresh(tokens.refresh_token ?? "")).toMatchObject({ status: 400 });
  await at.close();
});

test("a customer takes along all that is kept of her consents, and of nobody else's", async () => {
  const hers = staged();
  await authorised(bed.stack, bed.client, hers);
  const his = staged();
  bed.stack.neighbours.change(his, { status: "AUTH", customer: "cus-brian", accounts: ["acc-9"] });
  const at = await customerAt(bed.stack);
  const before = await at.open(`${URL_OF_LIST}/export`);
  expect(before.headers.get("content-type")).toContain("text/html");
  await toList(at);
  const file = await at.open(`${URL_OF_LIST}/export`);
  expect(file.headers.get("content-disposition")).toContain("attachment");
  const kept = JSON.parse(file.text) as { readonly consents: readonly { readonly id: string }[] };
  expect(kept.consents.map(({ id }) => id)).toContain(hers);
  expect(kept.consents.map(({ id }) => id)).not.toContain(his);
  await at.close();
});

test("a customer gets receipts of what she allowed and of what has ended, and of nobody else's", async () => {
  const hers = staged();
  await authorised(bed.stack, bed.client, hers);
  const his = staged();
  bed.stack.neighbours.change(his, { status: "AUTH", customer: "cus-brian", accounts: ["acc-9"] });
  const at = await customerAt(bed.stack);
  const receipt = (id: string): Promise<Loaded> => at.open(`${URL_OF_LIST}/receipts/${id}`);
  expect(titleOf(await receipt(hers))).toBe("Log in to see whom you gave access");
  const list = await toList(at);
  expect(list.text).toContain(`href="/consents/receipts/${hers}"`);
  const file = await receipt(hers);
  expect(file.headers.get("content-disposition")).toBe('attachment; filename="receipt.json"');
  expect(JSON.parse(file.text)).toEqual({ subject: hers });
  expect(await receipt(his)).toMatchObject({ status: 404, text: expect.stringContaining("no_receipt") });

  bed.stack.neighbours.change(hers, { status: "CANC" });
  const after = await at.open(URL_OF_LIST);
  expect(after.text).toContain("What has ended");
  expect(after.text).toContain(`href="/consents/receipts/${hers}"`);
  const awaited = await receipt(hers);
  expect([awaited.status, awaited.headers.get("retry-after"), titleOf(awaited)]).toEqual([
    202,
    "1",
    "Your receipt is being signed",
  ]);
  await at.close();
});

test("a customer has her data given to nobody and again to those she allowed, and asks to be forgotten", async () => {
  const at = await customerAt(bed.stack);
  const list = await toList(at);
  const restricted = await at.submit(list, "/restriction");
  expect(restricted.text).toContain("we give your data to nobody");
  const again = await at.submit(restricted, "/end-of-restriction");
  expect(again.text).not.toContain("we give your data to nobody");
  const erased = await at.submit(again, "/erasure");
  expect(erased.text).toContain("you asked to be forgotten; done");
  expect(erased.text).not.toContain("Erase what may be erased");
  await authorised(bed.stack, bed.client, staged());
  expect((await at.open(URL_OF_LIST)).text).toContain("Erase what may be erased");
  const file = await at.open(`${URL_OF_LIST}/export`);
  expect(JSON.parse(file.text)).toMatchObject({ customer: WANJIKU.customer });
  await at.close();
});

test("a consent of another customer is neither shown nor ended", async () => {
  const hers = staged();
  await authorised(bed.stack, bed.client, hers);
  const his = staged();
  bed.stack.neighbours.change(his, { status: "AUTH", customer: "cus-brian", accounts: ["acc-9"] });
  const at = await customerAt(bed.stack);
  const list = await toList(at);
  expect(list.text).not.toContain(his);
  const forged = { ...list, text: list.text.replaceAll(hers, his) };
  const answer = await at.submit(forged, "/withdraw");
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("had ended already")]);
  expect(bed.stack.neighbours.consent(his).status).toBe("AUTH");
  await at.close();
});

test("nothing is shown or ended before the code was entered", async () => {
  const consent = staged();
  await authorised(bed.stack, bed.client, consent);
  const at = await customerAt(bed.stack);
  const code = await at.submit(await at.open(URL_OF_LIST), "/login", { username, password });
  expect(titleOf(code)).toBe("Enter the code we sent you");
  expect(code.text).not.toContain(consent);
  const text = code.text
    .replace("/code", "/withdraw")
    .replace("</form>", `<input type="hidden" name="consent" value="${consent}" /></form>`);
  expect(titleOf(await at.submit({ ...code, text }, "/withdraw"))).toBe("Enter the code we sent you");
  expect(bed.stack.neighbours.consent(consent).status).toBe("AUTH");
  await at.close();
});

test("a form that is not ours is refused, and a visit has a new name once somebody logged in", async () => {
  const at = await customerAt(bed.stack);
  const login = await at.open(URL_OF_LIST);
  const forged = { ...login, text: login.text.replace(/name="csrf" value="[^"]*"/, 'name="csrf" value="x"') };
  expect((await at.submit(forged, "/login", { username, password })).status).toBe(403);
  const code = await at.submit(login, "/login", { username, password });
  const tokenOf = ({ text }: Loaded) => /name="csrf" value="([^"]*)"/.exec(text)?.[1];
  expect(tokenOf(code)).not.toBe(tokenOf(login));
  const out = await at.submit(
    await at.submit(code, "/code", { code: await codeInMailbox(bed.client) }),
    "/logout",
  );
  expect(titleOf(out)).toBe("Log in to see whom you gave access");
  await at.close();
});
