import { serviceIdentity } from "../service/certificate.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createDatabase } from "../service/postgres.ts";
import { startService } from "../service/start.ts";
import { Worker } from "../service/worker.ts";
import { AuditConfig } from "./config.ts";
import { declareEpoch } from "./epoch.ts";
import { assertSameLog, awaitSigner, wrappingKey } from "./keys.ts";
import { headOf } from "./log.ts";
import { auditMetrics } from "./metrics.ts";
import { announceWrappingKey, shredNext } from "./personal.ts";
import { sequence } from "./sequencer.ts";

/** Longest a batch may take, in ms: 10,000 leaves are written in half a second of CPU, on a busy machine in ten. */
const BATCH_MS = 30_000;
/** How often is looked for customers whose keys are to be destroyed, in ms. */
const SHREDDING_MS = 5_000;

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
    // First: neither sealing what is personal nor its erasure waits for a key store that is away.
    const wrapping = await wrappingKey(env);
    let announced = false;
    const shredder = new Worker({
      name: "shredder",
      everyMs: SHREDDING_MS,
      log,
      work: async () => {
        if (!announced) await announceWrappingKey(database, wrapping, clock());
        announced = true;
        const customer = await shredNext(database, clock());
        if (customer === undefined) return false;
        log.info({ customer }, "key of an erased customer destroyed");
        return true;
      },
    });
    setting.onStop("shredder", () => shredder.stop());

    const awaited = awaitSigner(config, { env, log, registry, signal: stopping });
    setting.onStop("signer", awaited.stop);
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
