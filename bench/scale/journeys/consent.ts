import { cancellationsOf, standingOf } from "../../../runtime/consent/berlin-group/cancellation-store.ts";
import { rulesOf } from "../../../runtime/consent/kinds/kinds.ts";
import { countLiveConsents } from "../../../runtime/consent/live-consents.ts";
import { bodyOf } from "../../../runtime/consent/migration.ts";
import {
  OTHERS,
  OURS,
  startConsents,
  type TestConsents,
} from "../../../runtime/consent/testing/consent-service.ts";
import { REQUESTS, VERSION_4 } from "../../../runtime/consent/testing/requests.ts";
import { OBUK_KINDS } from "../../../runtime/service/consent-snapshot.ts";
import { CLIENTS } from "../size.ts";
import type { World } from "./world.ts";

/** Consents of every kind are asked for, given, read and taken back; the house is kept. */
export async function consentJourney({ stack, as, at, round }: World): Promise<void> {
  const consents = await startConsents({ stack, database: as.consent, prefix: `j${round}-` });
  const { store } = consents;
  consents.at(at);
  for (const kind of OBUK_KINDS) {
    const id = await consents.authorised(kind);
    await store.find(id);
    await consents.asPartner("DELETE", `${rulesOf(kind).path}/${id}`);
    if (kind === "file-payment") await store.file(id);
    await receiptOf(consents, id);
  }
  const path = `${rulesOf("domestic-vrp").path}/${await consents.takenOver()}`;
  for (let twice = 0; twice < 2; twice += 1)
    await consents.asPartner("PUT", path, { payload: bodyOf(VERSION_4) });
  const type = "application/json-patch+json";
  const payloadOf = JSON.stringify([{ op: "remove", path: "/Risk" }]);
  await consents.asPartner("PATCH", path, { type, payload: payloadOf });
  const payload = REQUESTS["domestic-payment"];
  for (let twice = 0; twice < 2; twice += 1)
    await consents.asPartner("POST", rulesOf("domestic-payment").path, { payload, key: `again-${round}` });
  for (const [client, id] of [
    [11, "scale-con-11"],
    [26, "scale-con-26"],
    [26, "scale-pay-26"],
    [19, "scale-vrp-19-1"],
    [19, "nobody"],
  ] as const)
    await receiptOf(consents, id, `scale-ptn-${client}`);
  for (const id of ["scale-con-11", "scale-pay-26"]) {
    await standingOf(as.consent, id);
    await cancellationsOf(as.consent, id);
  }
  await consents.stop();

  await store.find("scale-con-11");
  await store.ofCustomer("scale-cus-1");
  await store.ofCustomer("scale-cus-100");
  await store.ofCustomer("nobody");
  await store.overdue(at, 500);
  const partners = Array.from({ length: CLIENTS }, (_none, n) => `scale-ptn-${n}`);
  await store.ofOthers([...partners, OURS, OTHERS], 500);
  await store.ofOthers([...partners.slice(1), OURS, OTHERS], 100);
  const { cursor } = await store.revocations(undefined, new Date(at.getTime() - 60_000));
  await store.revocations(undefined, new Date(at.getTime() + 86_400_000));
  await store.revocations(cursor, at);
  await store.revocations(String(Math.max(0, Number(cursor) - 100)), at);
  await store.forgetCalls(at);
  await countLiveConsents(as.consent, { partner: () => undefined });
}

async function receiptOf(consents: TestConsents, id: string, client = OURS): Promise<void> {
  const { status, body } = await consents.asPartner("GET", `/receipts/v1/${id}`, { client });
  if (status >= 500) throw new Error(`The receipt of ${id} was answered ${status}: ${JSON.stringify(body)}`);
}
