import { startPostgres } from "../../../local/testing/postgres.ts";
import { type RedisServer, startRedis } from "../../../local/testing/redis.ts";
import { type FapiClient, fapiClient } from "./fapi-client.ts";
import type { TestPartner } from "./partner.ts";
import { migrate, remembering, type StackOptions, startStack, type TestStack } from "./stack.ts";

/** Everything a test of the authorization server talks to: servers of its own, one partner, one client. */
export interface Testbed {
  readonly stack: TestStack;
  readonly redis: RedisServer;
  readonly databaseUrl: string;
  readonly acme: TestPartner;
  readonly client: FapiClient;
  close(): Promise<void>;
}

/** Starts a testbed in about five seconds. @param keys of the authorization server, when they are not new ones in a file. */
export async function startTestbed({ keys }: Pick<StackOptions, "keys"> = {}): Promise<Testbed> {
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  const databaseUrl = await postgres.createDatabase("wekeza");
  await migrate(databaseUrl);
  const stack = await startStack({ redisPort: redis.port, databaseUrl, ...(keys ? { keys } : {}) });
  const acme = await stack.addPartner();
  await remembering(stack.redis);
  const client = await fapiClient(stack, acme);
  return {
    stack,
    redis,
    databaseUrl,
    acme,
    client,
    async close() {
      await client.close();
      await stack.close();
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}
