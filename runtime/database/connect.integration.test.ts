import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connected } from "./connect.ts";
import { SUPERUSER } from "./settings.ts";
import { startStackDatabase, type StackDatabase } from "./testing/stack-database.ts";

let stack: StackDatabase;
beforeAll(async () => {
  stack = await startStackDatabase();
}, 120_000);
afterAll(() => stack?.stop());

test("what was asked is answered although the server is cut off before the goodbye", async () => {
  const { folder, port } = stack.agent.socket;
  const ends: Socket[] = [];
  const network = createServer({ allowHalfOpen: true }, (client) => {
    const server = createConnection({ path: join(folder, `.s.PGSQL.${port}`), allowHalfOpen: true });
    ends.push(client, server);
    client.pipe(server, { end: false }).pipe(client, { end: false });
  }).listen(0, "127.0.0.1");
  await once(network, "listening");
  const there = {
    host: "127.0.0.1",
    port: (network.address() as AddressInfo).port,
    user: SUPERUSER,
    database: "postgres",
  };
  try {
    const { rows } = await connected(there, async (client) => {
      const answer = await client.query("select 1 as answer");
      for (const end of ends) end.unpipe().pause();
      return answer;
    });
    expect(rows).toEqual([{ answer: 1 }]);
  } finally {
    for (const end of ends) end.destroy();
    network.close();
  }
});
