import { join } from "node:path";
import { cacheFolder } from "../../../local/paths.ts";
import { freePorts } from "../../../local/testing/free-ports.ts";
import { temporaryFolder } from "../../../local/testing/temporary.ts";
import { javaRuntime } from "../../../local/toolchain/java.ts";
import { kafkaJars } from "../../../local/toolchain/kafka.ts";
import type { IdentityMaterial } from "../../service/identity.ts";
import { createLog } from "../../service/logger.ts";
import { type Broker, startBroker } from "../broker.ts";

/** A real Kafka on loopback over a volume of its own, that can be killed and started again. */
export interface TestKafka {
  readonly address: string;
  /** As a power cut does (SIGKILL), and returns when it is gone. */
  kill(): Promise<void>;
  /** Over what the volume holds. */
  start(): Promise<void>;
  /** Ends it and removes its volume. */
  stop(): Promise<void>;
}

/** Starts Kafka with a service's identity; the first call on a machine fetches it. */
export async function startKafka(material: IdentityMaterial): Promise<TestKafka> {
  const cache = cacheFolder(process.env);
  const [runtime, jars] = [await javaRuntime(cache), await kafkaJars(cache)];
  const folder = await temporaryFolder("kafka");
  const [port = 0, controllerPort = 0] = await freePorts(2);
  let broker: Broker | undefined;
  const start = async (): Promise<void> => {
    broker = await startBroker({
      config: { host: "localhost", port, volume: folder.path, heap: 160 },
      controllerPort,
      material,
      programs: {
        java: runtime.program,
        jars,
        launcher: ["setpriv", "--pdeathsig=KILL"],
        env: { LD_LIBRARY_PATH: runtime.libraries },
      },
      folder: join(folder.path, "run"),
      log: createLog("kafka", { level: "silent" }),
    });
  };
  const kill = async (): Promise<void> => {
    broker?.signal("SIGKILL");
    await broker?.ended;
  };
  await start();
  return {
    address: `localhost:${port}`,
    start,
    kill,
    async stop() {
      await kill();
      await folder.remove();
    },
  };
}
