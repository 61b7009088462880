import { setTimeout as delay } from "node:timers/promises";
import { serviceIdentity } from "../service/certificate.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { startService } from "../service/start.ts";
import { type Broker, startBroker } from "./broker.ts";
import { KafkaConfig } from "./config.ts";

/** Port on loopback of the broker's own controller. */
const CONTROLLER_PORT = 9093;

await startService({
  name: "kafka",
  config: KafkaConfig,
  async run(setting) {
    const { config, log, env, stopping } = setting;
    const identity = await serviceIdentity({
      env,
      service: "kafka",
      namespace: config.namespace,
      client: () => regionClient("kafka", env),
      log,
      signal: stopping,
    });
    setting.onStop("identity", () => identity.stop());
    const start = (): Promise<Broker> =>
      startBroker({
        config,
        controllerPort: CONTROLLER_PORT,
        material: identity.current(),
        programs: {
          java: env["WEKEZA_JAVA"] ?? "java",
          jars: env["WEKEZA_KAFKA_JARS"] ?? "/opt/kafka/libs",
        },
        folder: env["WEKEZA_KAFKA_RUN"] ?? "/run/kafka/broker",
        log,
      });
    let renewing = false;
    let broker = await start();

    // The broker reads its certificate when it starts; whoever writes to it waits for the few seconds that takes.
    const renew = async (): Promise<void> => {
      renewing = true;
      await broker.stop();
      broker = await start();
      renewing = false;
      log.info("restarted with a renewed certificate");
      watch(broker);
    };
    const watch = (watched: Broker): void => {
      void watched.ended.then(async (how) => {
        if (renewing || stopping.aborted) return;
        log.fatal({ how }, "kafka ended by itself");
        // Long enough for the line to be written; the kubelet starts the pod again.
        await delay(100);
        process.exit(1);
      });
    };
    watch(broker);
    const unsubscribe = identity.onChange(() => {
      renew().catch((error: unknown) => {
        log.fatal({ err: error }, "kafka did not start with a renewed certificate");
        process.exit(1);
      });
    });
    setting.ready("broker", () => (renewing ? "restarting with a renewed certificate" : undefined));
    setting.onStop("broker", async () => {
      unsubscribe();
      renewing = true;
      await broker.stop();
    });
  },
});
