import fc from "fast-check";
import { expect, test } from "vitest";
import { CONNECTIONS_OF_ONE } from "../../runtime/service/partner-database.ts";
import { settingsFiles } from "../../runtime/database/settings.ts";
import { roleStatements } from "../../runtime/database/roles.ts";
import { configurations } from "./configuration.ts";
import {
  CONNECTIONS_GRANTED,
  connectionsAtMost,
  JOB_CONNECTIONS,
  MOST_REPLICAS,
  poolSizeFor,
  withinConnections,
} from "./connections.ts";
import type { Stack } from "./stack.ts";
import { eastAfrica } from "./testing/example.ts";

/** What a Region may ask for, by its schema. */
const replicas = fc.integer({ min: 1, max: 100 });
const regions = fc
  .tuple(replicas, replicas)
  .map(([a, b]) => ({ minReplicas: Math.min(a, b), maxReplicas: Math.max(a, b) }));

/** What all pools of a stack may open together, added up from what each process is told. */
function opened(stack: Stack, dedicated: number): number {
  const told = configurations(stack);
  const { maxReplicas } = stack.services;
  const services = (["oauth", "consent", "banking", "events", "audit"] as const).map(
    (name) => told[name].database.poolSize * (maxReplicas + 1),
  );
  const limits = roleStatements().flatMap((text) => {
    const limit = /^alter role \S+_partner connection limit (\d+)$/.exec(text)?.[1];
    return limit === undefined ? [] : [Number(limit)];
  });
  // Consent and banking: each pod opens a pool for each partner, and the server lets in so many in all.
  const partners = limits.map((limit) => Math.min(limit, dedicated * CONNECTIONS_OF_ONE * (maxReplicas + 1)));
  const jobs = [told.migrate.database.poolSize, told.seed.database.poolSize];
  return [...services, ...partners, ...jobs].reduce((sum, each) => sum + each, 0);
}

const granted = (): number => {
  const files = settingsFiles({ database: "wekeza", port: 5432, namespace: "n", folder: "/run", user: "u" });
  const most = Number(/max_connections = '(\d+)'/.exec(files["postgresql.conf"])?.[1]);
  return most - 3;
};

test("whatever a Region asks for, with however many partners of their own: Postgres grants all that may be opened", () => {
  expect(granted()).toBe(CONNECTIONS_GRANTED);
  fc.assert(
    fc.property(regions, fc.integer({ min: 0, max: 64 }), (asked, dedicated) => {
      const services = withinConnections(asked);
      const stack = { ...eastAfrica, services };
      expect(services.minReplicas).toBeLessThanOrEqual(services.maxReplicas);
      expect(opened(stack, dedicated)).toBeLessThanOrEqual(connectionsAtMost(services));
      expect(connectionsAtMost(services)).toBeLessThanOrEqual(granted());
      expect(poolSizeFor(services)).toBeGreaterThanOrEqual(2);
    }),
  );
});

test("sizes for which there is room are left alone, and the database is told the same for all", () => {
  for (let most = 1; most <= MOST_REPLICAS; most++) {
    const sizes = { minReplicas: 1, maxReplicas: most };
    expect(withinConnections(sizes)).toEqual(sizes);
    expect(configurations({ ...eastAfrica, services: sizes }).postgres.database.poolSize).toBe(
      JOB_CONNECTIONS,
    );
  }
  expect(
    [1, 3, 5, 10, 20, MOST_REPLICAS].map((maxReplicas) => poolSizeFor({ minReplicas: 1, maxReplicas })),
  ).toEqual([10, 10, 10, 5, 3, 2]);
  // A gateway more runs for each thousand calls a second: 20,000 are to find as many pods of the services behind them.
  expect(MOST_REPLICAS).toBeGreaterThanOrEqual(20);
});
