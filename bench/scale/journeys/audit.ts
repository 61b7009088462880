import { noteSigner } from "../../../runtime/audit/checkpoint/note.ts";
import { declareEpoch } from "../../../runtime/audit/epoch.ts";
import { exportMonth } from "../../../runtime/audit/export.ts";
import { headOf, nodeReader } from "../../../runtime/audit/log.ts";
import { disputePack } from "../../../runtime/audit/pack.ts";
import { announceWrappingKey, personalFields, shred } from "../../../runtime/audit/personal.ts";
import { dropMonth, liftHold, placeHold } from "../../../runtime/audit/retention.ts";
import { sequence } from "../../../runtime/audit/sequencer.ts";
import { newSigningKey } from "../../../runtime/audit/testing/audit-log.ts";
import { inclusionProof } from "../../../runtime/audit/tree/proof.ts";
import { growthSince } from "../../../runtime/audit/witness/growth.ts";
import { writeAuditLeaf } from "../../../runtime/service/audit-leaf.ts";
import { newKeyPair } from "../../../runtime/service/hpke.ts";
import { pairWrapping } from "../../../runtime/service/wrapping.ts";
import type { World } from "./world.ts";

/** Leaves are sequenced, proved, exported, held and dropped; customers are forgotten; a witness is told. */
export async function auditJourney({ as: { audit, consent }, at, round }: World): Promise<void> {
  const signer = noteSigner(`scale-${round}`, newSigningKey());
  const wrapping = pairWrapping(newKeyPair());
  // The newest one counts.
  await announceWrappingKey(audit, wrapping, new Date(at.getTime() + 1 + round));
  const customer = `journey-${round}`;
  const evidence = {
    at,
    subject: customer,
    value: { consent: "scale-con-11" },
    personal: { customer, fields: {} },
  };
  await consent.transaction((tx) => writeAuditLeaf(tx, evidence));
  await sequence({ database: audit, signer, epoch: 1, clock: () => at, limit: 100 });
  const { frontier } = await headOf(audit);
  for (const index of [0, Math.floor(frontier.size / 2), frontier.size - 1])
    await inclusionProof(index, frontier.size, nodeReader(audit));
  await declareEpoch(audit, { origin: signer.name, number: round + 1, region: "scale" }, at);
  await disputePack(audit, [wrapping], "scale-con-11").catch(ofMadeUpTree);
  const { rows } = await consent.query<{ leaf: string }>("select leaf from audit_leaf where subject = $1", [
    customer,
  ]);
  await personalFields(audit, [wrapping], rows[0]?.leaf ?? "{}");
  await shred(audit, "scale-cus-100", at);
  await shred(audit, customer, at);

  const month = at.toISOString().slice(0, 7);
  await liftHold(audit, await placeHold(audit, month, "case 1", at), at);
  for (const each of [month, "2009-12"])
    for await (const line of exportMonth(audit, { month: each, signer, at }))
      if (line.file === "manifest.json") break;
  const old = `201${round}-01`;
  await audit.query("select ensure_month($1::timestamptz)", [`${old}-01`]);
  await dropMonth(audit, old, "0".repeat(64), at);
  await growthSince(audit, "1").catch(ofMadeUpTree);
}

/** The inner nodes of a log that was made up prove nothing, which is no matter here. */
function ofMadeUpTree(error: unknown): void {
  if (!(error instanceof Error && /proof|tree|hash/i.test(error.message))) throw error;
}
