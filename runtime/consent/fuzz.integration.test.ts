import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONSENT_KINDS } from "../service/consent-snapshot.ts";
import {
  obukDefinitions,
  obukDocument,
  obukOperations,
  OBUK_DEFINITIONS,
} from "../service/testing/obuk-definitions.ts";
import { bodiesOf, valuesLike } from "../service/testing/obuk-fuzz.ts";
import { rulesOf } from "./kinds/kinds.ts";
import { OTHERS, startConsents, type TestConsents } from "./testing/consent-service.ts";
import { FILE, REQUESTS } from "./testing/requests.ts";

/** Cases for each operation; FUZZ_CASES=500 is the long form. */
const CASES = Number(process.env["FUZZ_CASES"] ?? 10);
/** The same cases in every run, unless FUZZ_SEED names others. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_123);
/** Stands in consents of another partner and nowhere else. */
const SECRET = "nobody-elses-business";

const PATHS = CONSENT_KINDS.map((kind) => rulesOf(kind).path);
const served = (path: string): boolean =>
  PATHS.some((each) => `/open-banking/v4.0${path}`.startsWith(each)) && !path.includes("funds-confirmation/");
const operations = OBUK_DEFINITIONS.flatMap((name) => obukOperations(name) ?? []).filter(({ path }) =>
  served(path),
);

let world: TestConsents;
let known: string[];
beforeAll(async () => {
  world = await startConsents();
  await world.begin();
  known = await Promise.all(
    CONSENT_KINDS.filter((kind) => kind !== "file-payment").map((kind) => world.authorised(kind)),
  );
  const theirs = { ...REQUESTS["domestic-payment"], Risk: { MerchantCustomerIdentification: SECRET } };
  known.push(
    await world.asked(OTHERS, "domestic-payment", theirs),
    await world.asked(undefined, "file-payment"),
  );
});
afterAll(() => world.stop());

describe.skipIf(operations.length === 0)("whatever is sent about a consent", () => {
  test.each(operations)("$method $path answers as defined, below 500", async (operation) => {
    const { definition, method, path, request, responses } = operation;
    const check = obukDefinitions(definition);
    const bodies =
      request === undefined ? fc.constant(undefined) : bodiesOf(obukDocument(definition) ?? {}, request);
    const cases = fc.record({
      body: path.endsWith("/file") ? fc.constantFrom(FILE, {}, [], "") : bodies,
      id: valuesLike(...known).filter((id) => id !== ""),
      key: valuesLike("key-1"),
    });
    const property = fc.asyncProperty(cases, async ({ body, id, key }) => {
      const address = path.replaceAll(/\{\w+\}/g, encodeURIComponent(id.toWellFormed()));
      const answer = await world.asPartner(method as "GET" | "POST", `/open-banking/v4.0${address}`, {
        key: key.replaceAll(/[^\x20-\x7e]/g, "?"),
        ...(typeof body === "object" && body !== null ? { payload: body } : {}),
      });
      expect(answer.status).toBeLessThan(500);
      expect(JSON.stringify(answer.body)).not.toContain(SECRET);
      // A file is answered as the partner wrote it; the definition has an object without members there.
      const isFile = answer.status === 200 && path.endsWith("/file");
      const schema = isFile ? "" : (responses[answer.status] ?? "");
      expect(schema === "" ? [] : check?.(schema, answer.body)).toEqual([]);
    });
    await fc.assert(property, { numRuns: CASES, seed: SEED, endOnFailure: true });
  });

  test("and each consent that came of it has its leaf and its event", async () => {
    const { rows } = await world.database.query(
      `select id from consents where id not in (select leaf::jsonb ->> 'consent' from audit_leaf)
         or id not in (select subject from outbox)`,
    );
    expect(rows).toEqual([]);
  });
});
