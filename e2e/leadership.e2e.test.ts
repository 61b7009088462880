import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { partners } from "../crds/resources.ts";
import { awaitObject } from "../cli/quickstart/await-object.ts";
import { NAMESPACE } from "../cli/quickstart/partner-resource.ts";
import { type Bank, changePartner, enrolPartner, openBank, removePartner } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { awaitLeaderOtherThan, awaitOperatorReady, endPod, leader } from "./support/operator.ts";

let bank: Bank;

beforeAll(async () => {
  bank = await openBank();
  await awaitOperatorReady(bank);
});

afterAll(() =>
  inAnyCase(
    () => awaitOperatorReady(bank),
    () => bank?.close(),
  ),
);

test.each([
  { how: "crash", within: 20_000, what: "the leader is killed" },
  { how: "stop", within: 5_000, what: "the leader is asked to stop" },
] as const)(
  "when $what, the other pod leads and a change is served",
  { timeout: 120_000 },
  async ({ how, within }) => {
    const partner = await enrolPartner(bank, "leader");
    onTestFinished(() => removePartner(bank, partner.name));
    await awaitOperatorReady(bank);
    const former = await leader(bank);
    if (former === undefined) throw new Error("No pod of the operator leads.");
    const start = performance.now();
    await endPod(bank, former, how);
    const changed = await changePartner(bank, partner.name, { displayName: `After the ${how}` });
    const next = await awaitLeaderOtherThan(bank, [former], within);
    await awaitObject(
      bank.sre,
      partners,
      { namespace: NAMESPACE, name: partner.name },
      {
        timeout: within,
        until: (object) =>
          object?.status?.observedGeneration === changed.metadata.generation &&
          object?.status?.groups?.every(({ served }) => served) === true,
      },
    );
    console.log(
      `${how}: ${next} leads and the change is served after ${Math.round(performance.now() - start)} ms`,
    );
    expect(next).not.toBe(former);
  },
);
