import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OBUK_KINDS } from "../service/consent-snapshot.ts";
import { fuzzed } from "../service/testing/fuzzed-operation.ts";
import { obukDefinitions, obukOperations, OBUK_DEFINITIONS } from "../service/testing/obuk-definitions.ts";
import { rulesOf } from "./kinds/kinds.ts";
import { OTHERS, startConsents, type TestConsents } from "./testing/consent-service.ts";
import { FILE, REQUESTS } from "./testing/requests.ts";

/** Stands in consents of another partner and nowhere else. */
const SECRET = "nobody-elses-business";

const PATHS = OBUK_KINDS.map((kind) => rulesOf(kind).path);
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
    OBUK_KINDS.filter((kind) => kind !== "file-payment").map((kind) => world.authorised(kind)),
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
    const { definition, path, responses } = operation;
    const check = obukDefinitions(definition);
    const files = path.endsWith("/file") ? { bodies: fc.constantFrom(FILE, {}, [], "") } : {};
    const how = { cases: 10, ids: known, more: fc.constant(undefined), ...files };
    await fuzzed(operation, how, async ({ method, address, payload, key }) => {
      const answer = await world.asPartner(method, address, {
        key,
        ...(payload === undefined ? {} : { payload }),
      });
      expect(answer.status).toBeLessThan(500);
      expect(JSON.stringify(answer.body)).not.toContain(SECRET);
      // A file is answered as the partner wrote it; the definition has an object without members there.
      const isFile = answer.status === 200 && path.endsWith("/file");
      const schema = isFile ? "" : (responses[answer.status] ?? "");
      expect(schema === "" ? [] : check?.(schema, answer.body)).toEqual([]);
    });
  });

  test("and each consent that came of it has its leaf and its event", async () => {
    const { rows } = await world.database.query(
      `select id from consents where id not in (select leaf::jsonb ->> 'consent' from audit_leaf)
         or id not in (select subject from outbox)`,
    );
    expect(rows).toEqual([]);
  });
});
