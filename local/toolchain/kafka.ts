import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { cached, contentKey } from "./cache.ts";
import { fetchLocked } from "./locked-file.ts";

/** The jars of Apache Kafka and what they need, each with its SHA-256. */
const LOCK = join(import.meta.dirname, "kafka.lock");

/** Where artefacts are fetched from; a mirror does as well, as every file is compared with its hash. */
const REPOSITORY = process.env["MAVEN_REPOSITORY"] ?? "https://repo1.maven.org/maven2";

/** Fetches at a time. */
const AT_ONCE = 6;

/**
 * The folder with Kafka's jars, fetched on the first use: 44 MB.
 *
 * @throws Error that names the file when it cannot be fetched, or is not the one that was locked.
 */
export async function kafkaJars(cache: string): Promise<string> {
  const lock = await readFile(LOCK, "utf8");
  return cached({ cache, kind: "kafka", key: contentKey("1", lock) }, async (folder) => {
    const files = lock.trim().split("\n");
    await mkdir(folder, { recursive: true });
    const next = files.values();
    const worker = async (): Promise<void> => {
      for (const line of next) {
        const [hash = "", path = ""] = line.split(/\s+/);
        await fetchLocked({ url: `${REPOSITORY}/${path}`, hash }, join(folder, basename(path)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  });
}
