import { parseArgs } from "node:util";
import { table } from "../cli/quickstart/table.ts";
import { credentialsOf } from "../cli/quickstart/session.ts";
import { type Bank, changePartner, enrolPartner, openBank, removePartner } from "../e2e/support/bank.ts";
import { stackOf } from "../e2e/support/stack.ts";
import type { KubeObject } from "../kube/object.ts";
import { pods } from "../kube/resources.ts";
import { summaryOf } from "./percentile.ts";
import { type Prober, startProber, type Target } from "./prober.ts";
import { measure, type Measured } from "./round.ts";

/** What the platform promises, in ms (README of the bench: docs/performance/killswitch.md). */
const PROMISE = { p99: 1_000, max: 2_000 };

interface Pod extends KubeObject {
  readonly status?: { readonly phase?: string; readonly podIP?: string };
}

/** Every gateway pod of every group, each over both kinds of connection. */
async function targets(bank: Bank): Promise<readonly Target[]> {
  const found = bank.groups.map(async (group) => {
    const { region, namespace } = stackOf(group);
    const labelSelector = "app.kubernetes.io/name=gateway";
    const { items } = await bank.clients[region].list(pods, { namespace, labelSelector });
    return (items as readonly KubeObject[] as readonly Pod[])
      .filter(
        ({ status, metadata }) => status?.phase === "Running" && metadata.deletionTimestamp === undefined,
      )
      .flatMap(({ metadata, status }) =>
        (["kept-alive", "new"] as const).map((connection) => ({
          group: group.name,
          pod: metadata.name,
          address: `${status?.podIP}:8443`,
          host: group.api,
          connection,
        })),
      );
  });
  return (await Promise.all(found)).flat();
}

/** @returns what every suspension took at every prober. */
async function rounds(
  bank: Bank,
  partner: string,
  probers: readonly Prober[],
  times: number,
): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  const suspend = (suspended: boolean) => () => changePartner(bank, partner, { suspended });
  await measure(probers, "served", suspend(false));
  for (let round = 1; round <= times; round += 1) {
    measured.push(...(await measure(probers, "refused", suspend(true))));
    await measure(probers, "served", suspend(false));
    if (round % 50 === 0) console.error(`${round} of ${times}`);
  }
  return measured;
}

/** @returns whether the promise was kept. */
function report(measured: readonly Measured[]): boolean {
  const groupsOf = Object.groupBy(
    measured,
    ({ prober: { target } }) => `${target.group} ${target.pod} ${target.connection}`,
  );
  const row = (name: string, of: readonly Measured[]) => {
    const { count, p50, p99, max } = summaryOf(of.map(({ after }) => after));
    const relapses = of.reduce((sum, { relapses: some }) => sum + some, 0);
    return [name, ...[count, p50, p99, max, relapses].map((value) => value.toFixed(0))];
  };
  const columns = ["REFUSALS", "P50 MS", "P99 MS", "MAX MS", "SERVED AFTER"];
  const rows = Object.entries(groupsOf).map(([name, of]) => row(name, of ?? []));
  console.log(
    table(
      [{ title: "GATEWAY" }, ...columns.map((title) => ({ title, align: "right" as const }))],
      [...rows, row("all", measured)],
    ),
  );
  const { p99, max } = summaryOf(measured.map(({ after }) => after));
  const kept = p99 < PROMISE.p99 && max < PROMISE.max && measured.every(({ relapses }) => relapses === 0);
  console.log(
    `\n${kept ? "kept" : "NOT kept"}: p99 below ${PROMISE.p99} ms, max below ${PROMISE.max} ms, nothing served after a refusal`,
  );
  return kept;
}

const { values } = parseArgs({ options: { times: { type: "string", default: "500" } } });
const times = Number(values.times);
if (!Number.isInteger(times) || times < 1) throw new RangeError("--times takes a whole number from 1.");

const bank = await openBank();
try {
  const rateLimit = { requestsPerSecond: 10_000, burst: 20_000, maxConcurrent: 1_000 };
  const partner = await enrolPartner(bank, "killswitch", { rateLimit });
  const credentials = credentialsOf(partner);
  const probers = (await targets(bank)).map((target) =>
    startProber(target, { root: bank.network.root, credentials }),
  );
  try {
    process.exitCode = report(await rounds(bank, partner.name, probers, times)) ? 0 : 1;
  } finally {
    await Promise.all(probers.map((prober) => prober.stop()));
    await removePartner(bank, partner.name);
  }
} finally {
  await bank.close();
}
