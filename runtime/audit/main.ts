import { setTimeout as delay } from "node:timers/promises";
import { serviceIdentity } from "../service/certificate.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createDatabase } from "../service/postgres.ts";
import { startService } from "../service/start.ts";
import { AuditConfig } from "./config.ts";
import { declareEpoch } from "./epoch.ts";
import { signerOf, wrappingKey } from "./keys.ts";
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
    const signer = await signerOf(config.group, env);
    const wrapping = await wrappingKey(env);
    log.info({ verifierKey: signer.verifierKey }, "checkpoints are signed with this key");
    const metrics = auditMetrics([registry]);

    let begun = false;
    const begin = async (): Promise<void> => {
      await announceWrappingKey(database, wrapping, clock());
      const epoch = { origin: signer.name, number: config.epoch, region: config.region };
      if (await declareEpoch(database, epoch, clock())) log.info({ epoch }, "epoch declared");
      begun = true;
    };
    let trouble: string | undefined = "nothing was sequenced yet";
    const turn = async (): Promise<boolean> => {
      try {
        if (!begun) await begin();
        const batch = await sequence({ database, signer, epoch: config.epoch, clock });
        metrics.batch(batch);
        trouble = undefined;
        return batch !== "another sequencer is at work" && batch.full;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (why !== trouble) log.warn({ why }, "leaves wait to be sequenced");
        trouble = why;
        return false;
      }
    };
    setting.ready("sequencer", () => trouble);

    const run = async (): Promise<void> => {
      while (!stopping.aborted) {
        if (await turn()) continue;
        await delay(config.checkpointMs, undefined, { signal: stopping }).catch(() => undefined);
      }
    };
    const running = run();
    setting.onStop("sequencer", () => running);

    const destroyKeys = async (): Promise<void> => {
      try {
        for (;;) {
          const customer = await shredNext(database, clock());
          if (customer === undefined) return;
          log.info({ customer }, "key of an erased customer destroyed");
        }
      } catch (error) {
        log.warn({ err: error }, "keys of erased customers wait to be destroyed");
      }
    };
    const shredding = setInterval(() => void destroyKeys(), SHREDDING_MS);
    setting.onStop("shredding", () => clearInterval(shredding));
  },
});
