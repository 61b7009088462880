import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fuzzed } from "../service/testing/fuzzed-operation.ts";
import { obukDefinitions, obukOperations } from "../service/testing/obuk-definitions.ts";
import { startEvents, type TestEvents } from "./testing/events-service.ts";

const OTHERS = "ptn-00000000000000ff";
/** Stands in another partner's subscription and nowhere else. */
const SECRET = "nobody-elses.example";

const operations = obukOperations("events") ?? [];
let world: TestEvents;
let theirs: string;
beforeAll(async () => {
  world = await startEvents();
  await world.begin();
  const subscription = { Data: { CallbackUrl: `https://${SECRET}/events`, Version: "4.0" } };
  const path = "/open-banking/v4.0/event-subscriptions";
  const { body } = await world.asPartner("POST", path, subscription, OTHERS);
  theirs = (body["Data"] as { readonly EventSubscriptionId: string }).EventSubscriptionId;
});
afterAll(() => world.stop());

describe.skipIf(operations.length === 0)("whatever is sent about events", () => {
  test.each(operations)("$method $path answers as defined, below 500", async (operation) => {
    const { definition, responses } = operation;
    const check = obukDefinitions(definition);
    const how = { cases: 20, ids: [theirs, "sub-1"], more: fc.constant(undefined) };
    await fuzzed(operation, how, async ({ method, address, payload }) => {
      const answer = await world.asPartner(
        method,
        address,
        payload && address.endsWith("/events") ? immediately(payload) : payload,
      );
      expect(answer.status).toBeLessThan(500);
      expect(JSON.stringify(answer.body)).not.toContain(SECRET);
      const schema = responses[answer.status] ?? "";
      expect(schema === "" ? [] : check?.(schema, answer.body)).toEqual([]);
    });
  });
});

/** A poll that would wait for news waits for nothing here. */
function immediately(body: object): object {
  const { returnImmediately: said = false } = body as { readonly returnImmediately?: unknown };
  return said === false && !Array.isArray(body) ? { ...body, returnImmediately: true } : body;
}
