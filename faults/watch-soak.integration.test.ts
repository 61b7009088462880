import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestApiServer } from "../kube/testing/api-server.ts";
import { startTestApiServer } from "../kube/testing/api-server.ts";
import { slopeOf, stretchesOf } from "./slope.ts";
import { soakWatch } from "./watch-soak.ts";

/** The long form asks for 2,000 expiries and 200 resets. */
const expiries = Number(process.env["WEKEZA_WATCH_EXPIRIES"] ?? 60);
const resets = Math.ceil(expiries / 10);

/** In the long form each is 55 breaks, a quarter of a minute at least: long beside what one collection leaves to the next. */
const STRETCHES = 30;

let server: TestApiServer;

beforeAll(async () => {
  server = await startTestApiServer();
});
afterAll(() => server?.stop());

test(
  "REL-04 REL-33 a watch that expires and breaks all the time misses nothing",
  { timeout: 60_000 + expiries * 2_000 },
  async () => {
    // Made before the first break, so that what is measured does not grow by the measuring.
    const hours = new Float64Array(expiries + resets);
    const megabytes = new Float64Array(expiries + resets);
    let round = 0;
    const started = performance.now();
    const breaks = await soakWatch({
      admin: server.client(),
      credentials: server.credentials,
      namespace: await server.newNamespace(),
      expiries,
      resets,
      seed: 1,
      after() {
        globalThis.gc?.();
        hours[round] = (performance.now() - started) / 3_600_000;
        megabytes[round++] = process.memoryUsage().heapUsed / 1_048_576;
      },
    });
    expect(breaks).toBe(expiries + resets);
    const points = Array.from(hours, (hour, index) => [hour, megabytes[index] ?? 0] as const);
    // The first quarter compiles what it runs for the first time.
    const stretches = stretchesOf(points.slice(points.length / 4), STRETCHES);
    const { value, below } = slopeOf(stretches);
    // The slope counts in the long form with --expose-gc only: a minute says nothing of an hour.
    const counts = globalThis.gc !== undefined && expiries >= 2_000;
    console.log(`heap in MB: ${stretches.map(([, heap]) => heap.toFixed(3)).join(" ")}`);
    console.log(`${breaks} breaks; heap ${value.toFixed(2)} MB/h, below ${below.toFixed(2)} MB/h`);
    expect(counts ? below : 0).toBeLessThan(1);
  },
);
