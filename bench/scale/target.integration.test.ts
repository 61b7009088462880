import { afterAll, beforeAll, expect, test } from "vitest";
import { asSuperuser } from "../../runtime/database/bootstrap.ts";
import { startStackDatabase, type StackDatabase } from "../../runtime/database/testing/stack-database.ts";
import { NOW } from "../../runtime/banking/testing/bank.ts";
import { fill } from "./fill.ts";
import { loginToFill } from "./target.ts";

let stack: StackDatabase;
let url: string;
beforeAll(async () => {
  stack = await startStackDatabase();
  const { folder, port } = stack.agent.socket;
  url = `postgres://postgres@/wekeza?host=${encodeURIComponent(folder)}&port=${port}`;
});
afterAll(() => stack.stop());

const ask = <Row>(sql: string): Promise<readonly Row[]> =>
  asSuperuser(stack.agent.socket, "wekeza", async (client) => (await client.query(sql)).rows as Row[]);

test("a database that serves others is filled only when that is said, and then once", async () => {
  await ask("insert into banking.customers (id, name, created_at) values ('cus-amina', 'Amina', now())");
  await expect(loginToFill(url, false)).rejects.toThrow("serves 1 customers who were not made up here");
  const client = await loginToFill(url, true);
  await fill([client], { size: { customers: 100, consents: 200, entries: 10 }, at: NOW, own: false });
  await client.end();
  await expect(loginToFill(url, true)).rejects.toThrow("100 customers were made up here before");
});

test("a database without our tables, or a login that is no superuser's, is refused", async () => {
  await expect(loginToFill(url.replace("/wekeza?", "/postgres?"), true)).rejects.toThrow(
    "migrate the database first",
  );
});

test("the books that are made up are books: entries balance, balances are sums, everything refers to something", async () => {
  expect(
    await ask(`
      select 'entry' as what, entry::text as id from banking.postings group by entry, currency having sum(amount) <> 0
      union all
      select 'account', a.id from banking.accounts a left join banking.postings p on p.account = a.id
      group by a.id having a.balance <> coalesce(sum(p.amount), 0)
      union all
      select 'payment', p.id from banking.payments p left join consent.uses u on u.payment = p.id and u.consent = p.consent
      left join banking.accounts a on a.id = p.account and a.customer = p.customer where u.payment is null or a.id is null
      union all
      select 'posting', p.id::text from banking.postings p left join banking.entries e on e.id = p.entry where e.id is null
      union all
      select 'notification', n.jti::text from events.notification n left join events.event e on e.id = n.jti and e.position = n.position
      where e.id is null
      union all
      select 'grant', g.id from oauth.grants g left join consent.consents c on c.id = g.consent_id and c.customer = g.customer
      where c.id is null`),
  ).toEqual([]);
});
