import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { POSTGRES_PACKAGES } from "../testing/postgres.ts";
import { REDIS_PACKAGES } from "../testing/redis.ts";
import { contentKey } from "../toolchain/cache.ts";
import { packageFiles, unpack } from "../toolchain/debian.ts";
import { GO_MODULES, goPrograms } from "../toolchain/go.ts";
import { JAVA_PACKAGES, JAVA_PROGRAM } from "../toolchain/java.ts";
import { kafkaJars } from "../toolchain/kafka.ts";
import { modulesLayer, nodeLayer, sourcesLayer } from "./app-layer.ts";
import { type Image, image } from "./archive.ts";
import { baseLayer, IMAGE_USER, packageLayer, skeleton } from "./base-layer.ts";
import { layer } from "./layer.ts";
import type { Layer } from "./oci.ts";

/** The images every new cluster is born with: they seldom change. */
export interface FoundationImages {
  readonly pause: Image;
  readonly coredns: Image;
  readonly metricsServer: Image;
  readonly redis: Image;
  /** All layers but our sources; nothing runs from these two, {@link AppImages} build on them. */
  readonly wekezaBase: Image;
  readonly postgresBase: Image;
  /** Only where a stream is wanted: see {@link streamWanted}. */
  readonly kafkaBase?: Image;
}

/** The images with our sources: archives of some hundred kB that build on {@link FoundationImages}. */
export interface AppImages {
  /** Every TypeScript process: `node <path>.ts` below /app. */
  readonly wekeza: Image;
  /** The same, with Java and Kafka under /opt/kafka/libs: the stream and its keeper. */
  readonly kafka?: Image;
  /** The same, with Postgres 15 under /usr/lib/postgresql/15/bin: the database and its agent. */
  readonly postgres: Image;
}

const USER = `${IMAGE_USER}:${IMAGE_USER}`;
const NODE = { Entrypoint: ["node"], User: USER, WorkingDir: "/app" };
const APP = { ...NODE, Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production", "HOME=/tmp"] };
const POSTGRES = {
  ...NODE,
  Env: [
    "PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin",
    "NODE_ENV=production",
    "HOME=/tmp",
    "LANG=C.UTF-8",
  ],
};

const KAFKA = {
  ...NODE,
  Env: [
    `PATH=${dirname(`/${JAVA_PROGRAM}`)}:/usr/local/bin:/usr/bin:/bin`,
    "NODE_ENV=production",
    "HOME=/tmp",
    "LANG=C.UTF-8",
  ],
};

/** Whether Regions may have a stream: Java and Kafka are fetched only for who says WEKEZA_STREAM=1. */
function streamWanted(): boolean {
  return process.env["WEKEZA_STREAM"] === "1";
}

/** Makes what is missing; takes a minute on a new machine once the Go programs are there. */
export async function foundationImages(cache: string): Promise<FoundationImages> {
  const [kube, dns] = [await goPrograms(cache, GO_MODULES.kube), await goPrograms(cache, GO_MODULES.dns)];
  const metrics = await goPrograms(cache, GO_MODULES.metrics);
  const { base, node, modules, postgres, redis, kafka } = await sharedLayers(cache);
  return {
    pause: await programImage(cache, "pause", kube),
    coredns: await programImage(cache, "coredns", dns),
    metricsServer: await programImage(cache, "metrics-server", metrics),
    redis: await redisImage(cache, [base, redis]),
    wekezaBase: await image(cache, { name: "wekeza-base", layers: [base, node, modules], config: APP }),
    postgresBase: await image(cache, {
      name: "postgres-base",
      layers: [base, node, modules, postgres],
      config: POSTGRES,
    }),
    ...(kafka.length === 0
      ? {}
      : {
          kafkaBase: await image(cache, {
            name: "kafka-base",
            layers: [base, node, modules, ...kafka],
            config: KAFKA,
          }),
        }),
  };
}

/** The two images that an edit of our sources changes. Takes a second. */
export async function appImages(cache: string): Promise<AppImages> {
  const { base, node, modules, postgres, kafka } = await sharedLayers(cache);
  const sources = await sourcesLayer(cache);
  return {
    wekeza: await image(cache, {
      name: "wekeza",
      layers: [base, node, modules, sources],
      config: APP,
      carried: 1,
    }),
    postgres: await image(cache, {
      name: "postgres",
      layers: [base, node, modules, postgres, sources],
      config: POSTGRES,
      carried: 1,
    }),
    ...(kafka.length === 0
      ? {}
      : {
          kafka: await image(cache, {
            name: "kafka",
            layers: [base, node, modules, ...kafka, sources],
            config: KAFKA,
            carried: 1,
          }),
        }),
  };
}

/** The image of our processes with a layer more, as another version of it would be: for trying upgrades. */
export function wekezaWith(cache: string, { layers }: Image, more: Layer): Promise<Image> {
  return image(cache, { name: "wekeza", layers: [...layers, more], config: APP, carried: 2 });
}

/** All that a platform runs in a cluster of somebody else, which brings its own cluster services. */
export interface PlatformImages extends AppImages {
  readonly redis: Image;
  readonly coredns: Image;
}

/** Makes what is missing. Needs no root and no cluster. */
export async function platformImages(cache: string): Promise<PlatformImages> {
  const { base, redis } = await sharedLayers(cache);
  return {
    ...(await appImages(cache)),
    redis: await redisImage(cache, [base, redis]),
    coredns: await programImage(cache, "coredns", await goPrograms(cache, GO_MODULES.dns)),
  };
}

function redisImage(cache: string, layers: readonly Layer[]): Promise<Image> {
  const config = { Entrypoint: ["redis-server"], User: USER, WorkingDir: "/tmp" };
  return image(cache, { name: "redis", layers, config });
}

/** An image of one static program out of a folder. */
async function programImage(cache: string, name: string, folder: string): Promise<Image> {
  const layers = [await programLayer(cache, join(folder, name))];
  return image(cache, { name, layers, config: { Entrypoint: [`/${name}`], User: USER } });
}

async function sharedLayers(cache: string) {
  return {
    base: await baseLayer(cache),
    node: await nodeLayer(cache),
    modules: await modulesLayer(cache),
    postgres: await packageLayer(cache, "postgres", [...POSTGRES_PACKAGES, "tzdata"]),
    redis: await packageLayer(cache, "redis", REDIS_PACKAGES),
    kafka: streamWanted() ? [await javaLayer(cache), await jarLayer(cache)] : [],
  };
}

/** The Java runtime, with the one library it needs. */
function javaLayer(cache: string): Promise<Layer> {
  return layer(cache, contentKey("java 1", JAVA_PROGRAM, ...JAVA_PACKAGES), async (root) => {
    await skeleton(root);
    await unpack(await packageFiles(cache, JAVA_PACKAGES), root);
  });
}

/** Kafka's jars. */
async function jarLayer(cache: string): Promise<Layer> {
  const jars = await kafkaJars(cache);
  return layer(cache, contentKey("kafka 1", jars.slice(cache.length)), async (root) => {
    await mkdir(join(root, "opt/kafka"), { recursive: true });
    await cp(jars, join(root, "opt/kafka/libs"), { recursive: true });
  });
}

/** One static program at the root. */
function programLayer(cache: string, program: string): Promise<Layer> {
  // The folder's name is the hash of the program's sources.
  return layer(cache, contentKey("program 1", program.slice(cache.length)), (root) =>
    cp(program, join(root, program.replace(/.*\//, "")), { dereference: true }),
  );
}
