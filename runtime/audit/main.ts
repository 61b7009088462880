import { keyStoreInPod } from "../../key-store/open-bao/awaited-keys.ts";
import { serviceIdentity } from "../service/certificate.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createDatabase } from "../service/postgres.ts";
import { startService } from "../service/start.ts";
import { Worker } from "../service/worker.ts";
import { AuditConfig } from "./config.ts";
import { declareEpoch } from "./epoch.ts";
import { assertSameLog, awaitSigner } from "./keys.ts";
import { headOf } from "./log.ts";
import { auditMetrics } from "./metrics.ts";
import { announceWrappingKey, shredNext } from "./personal.ts";
import { sequence } from "./sequencer.ts";
import { openerNameOf, wrappingsOf } from "./wrapping-keys.ts";

/** Longest a batch may take, in ms: 10,000 leaves are written in half a second of CPU, on a busy machine in ten. */
const BATCH_MS = 30_000;
/** How often is looked for customers whose keys are to be destroyed, in ms. */
const SHREDDING_MS = 5_000;
/** How often is looked for another key that customers' keys are to be sealed to, in ms. */
const WRAPPING_MS = 5_000;

await startService({
  name: "audit",
  config: AuditConfig,
  async run(setting) {
    const { config, log, env, stopping, registry } = setting;
    const identity = await serviceIdentity({
      env,
      service: "audit",
      namespace: config.namespace,
      client: () => regionClient("audit", env),
      log,
      signal: stopping,
    });
    setting.onStop("identity", () => identity.stop());
    const database = createDatabase({
      config: config.database,
      user: "audit",
      identity,
      log,
      statementMs: BATCH_MS,
    });
    setting.onStop("database", () => database.close());
    const clock = (): Date => new Date();
    const inPod = { env, log, registry, signal: stopping };
    const store = config.keyStore && keyStoreInPod(config.keyStore.openBao, inPod);
    setting.onStop("key store", () => store?.stop());
    // Before the one that signs is waited for: neither sealing what is personal nor its erasure waits for a key store that is
    // away, as the key that was made known goes on.
    let announced: Buffer | undefined;
    const announcer = new Worker({
      name: "wrapping key",
      everyMs: WRAPPING_MS,
      longestRestMs: WRAPPING_MS,
      log,
      work: async () => {
        const [newest] = await wrappingsOf(config, env, store);
        if (announced?.equals(newest.name) === true) return false;
        await announceWrappingKey(database, newest, clock());
        announced = newest.name;
        log.info({ wrappingKey: newest.name.toString("hex") }, "customers' keys are sealed to this key");
        return false;
      },
    });
    setting.onStop("wrapping key", () => announcer.stop());
    setting.ready("wrapping key", () => {
      if (announced !== undefined) return undefined;
      const { opens = false, openBao } = config.keyStore ?? {};
      if (!opens) return "the key of Secret audit-wrapping-key is not made known yet";
      return `the key store ${openBao?.address} has not told of ${openerNameOf(config)} yet`;
    });
    const shredder = new Worker({
      name: "shredder",
      everyMs: SHREDDING_MS,
      log,
      work: async () => {
        const customer = await shredNext(database, clock());
        if (customer === undefined) return false;
        log.info({ customer }, "key of an erased customer destroyed");
        return true;
      },
    });
    setting.onStop("shredder", () => shredder.stop());

    const awaited = awaitSigner(config, inPod, store);
    setting.ready("signing key", awaited.notKnown);
    const signer = await awaited.signer();
    log.info({ verifierKey: signer.verifierKey }, "checkpoints are signed with this key");
    const metrics = auditMetrics([registry]);

    let begun = false;
    const begin = async (): Promise<void> => {
      assertSameLog((await headOf(database)).note, signer);
      const epoch = { origin: signer.name, number: config.epoch, region: config.region };
      if (await declareEpoch(database, epoch, clock())) log.info({ epoch }, "epoch declared");
      begun = true;
    };
    const sequencer = new Worker({
      name: "sequencer",
      everyMs: config.checkpointMs,
      longestRestMs: config.checkpointMs,
      log,
      work: async () => {
        if (!begun) await begin();
        const batch = await sequence({ database, signer, epoch: config.epoch, clock });
        metrics.batch(batch);
        return batch !== "another sequencer is at work" && batch.full;
      },
    });
    setting.ready("sequencer", () => sequencer.problem());
    setting.onStop("sequencer", () => sequencer.stop());
  },
});
