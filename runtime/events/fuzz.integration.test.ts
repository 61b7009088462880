import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { obukDefinitions, obukDocument, obukOperations } from "../service/testing/obuk-definitions.ts";
import { bodiesOf, valuesLike } from "../service/testing/obuk-fuzz.ts";
import { startEvents, type TestEvents } from "./testing/events-service.ts";

/** Cases for each operation; FUZZ_CASES=500 is the long form. */
const CASES = Number(process.env["FUZZ_CASES"] ?? 20);
/** The same cases in every run, unless FUZZ_SEED names others. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_123);
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
    const { definition, method, path, request, responses } = operation;
    const check = obukDefinitions(definition);
    const bodies =
      request === undefined ? fc.constant(undefined) : bodiesOf(obukDocument(definition) ?? {}, request);
    const ids = valuesLike(theirs, "sub-1").filter((id) => id !== "");
    const property = fc.asyncProperty(bodies, ids, async (body, id) => {
      const address = path.replaceAll(/\{\w+\}/g, encodeURIComponent(id.toWellFormed()));
      const payload = typeof body === "object" && body !== null ? immediately(body) : undefined;
      const answer = await world.asPartner(
        method as "GET" | "POST" | "PUT" | "DELETE",
        `/open-banking/v4.0${address}`,
        payload,
      );
      expect(answer.status).toBeLessThan(500);
      expect(JSON.stringify(answer.body)).not.toContain(SECRET);
      const schema = responses[answer.status] ?? "";
      expect(schema === "" ? [] : check?.(schema, answer.body)).toEqual([]);
    });
    await fc.assert(property, { numRuns: CASES, seed: SEED, endOnFailure: true });
  });
});

/** A poll that would wait for news waits for nothing here. */
function immediately(body: object): object {
  return "returnImmediately" in body && body.returnImmediately === false
    ? { ...body, returnImmediately: true }
    : body;
}
