import { Registry } from "prom-client";
import { shredNext } from "../../../runtime/audit/personal.ts";
import { restrictionsIn } from "../../../runtime/banking/restriction.ts";
import { eraseByAge, forgetProofs } from "../../../runtime/consent/privacy/carry-out-age.ts";
import { carryOutErasures } from "../../../runtime/consent/privacy/carry-out.ts";
import { runCommand, type Options } from "../../../runtime/consent/privacy/commands.ts";
import { waitingIn } from "../../../runtime/consent/privacy/keep-ages.ts";
import { watchTimeLimits } from "../../../runtime/consent/privacy/metrics.ts";
import { OURS, startConsents, yesTo } from "../../../runtime/consent/testing/consent-service.ts";
import { REQUESTS } from "../../../runtime/consent/testing/requests.ts";
import { createLog } from "../../../runtime/service/logger.ts";
import type { World } from "./world.ts";

/** Customers ask for what is kept of them, to be forgotten, and to be given to nobody; compliance answers. */
export async function privacyJourney({ stack, as, at, round }: World): Promise<void> {
  const { consent: database, banking, audit } = as;
  const consents = await startConsents({ stack, database, prefix: `p${round}-` });
  consents.at(at);
  let serial = 0;
  const newId = (prefix: string): string => `${prefix}-${round}-${(serial += 1)}`;
  const command = (words: readonly string[], options: Options = {}): Promise<object> =>
    runCommand(words, { by: "scale", ...options }, { database, now: at, newId });
  const asked = async (words: readonly string[], options?: Options): Promise<string> =>
    ((await command(words, options)) as { readonly id: string }).id;

  // With as much as one has, and with nothing but what goes at once.
  const [old, young] = [`scale-cus-${50 + round}`, `young-${round}`];
  const id = await consents.asked(OURS, "domestic-payment");
  const yes = yesTo("domestic-payment", REQUESTS["domestic-payment"].Data as Record<string, unknown>);
  await consents.asService("POST", `/internal/consents/${id}/authorise`, { ...yes, customer: young });
  for (const customer of [old, young]) {
    await consents.asService("POST", `/internal/customers/${customer}/record`, {});
    await command(["hold", customer], { until: "2099-01-01", because: "case 1" });
  }
  await command(["record", "scale-cus-1"]);
  await command(["ask", young, "rectification"]);
  const european = await asked(["ask", old, "objection"], { law: "GDPR" });
  await command(["extend", european], { because: "much" });
  await command(["answer", european, "Granted"]);
  for (let twice = 0; twice < 2; twice += 1)
    for (const customer of [old, young]) await command(["ask", customer, "erasure"]);
  await command(["ask", old, "restriction"]);
  await restrictionsIn(banking).look();
  await command(["unrestrict", old]);
  await command(["list"]);
  const log = createLog("scale", { level: "silent" });
  const eraser = { database, change: consents.change, clock: () => at, log };
  await carryOutErasures(eraser);
  for (const customer of [old, young])
    for (const { id: hold } of (await command(["holds", customer])) as readonly { readonly id: string }[])
      await command(["release", hold]);
  await carryOutErasures(eraser);
  while ((await shredNext(audit, at)) !== undefined);
  await eraseByAge(database, log);
  await forgetProofs(database);
  await waitingIn(database);
  await watchTimeLimits({ registry: new Registry(), database, clock: () => at, log })();
  await consents.stop();
}
