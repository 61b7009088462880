import { readdir, readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startLog, type TestLog } from "../runtime/audit/testing/audit-log.ts";
import { table } from "../cli/quickstart/table.ts";

/** Leaves per second of CPU, of the sequencer and its Postgres together, that must be reached; one core gives at least that per second. */
const PROMISE = 20_000;

/** Leaves of the size a consent's event has, written as the consent service's own rows. */
async function write(log: TestLog, leaves: number): Promise<void> {
  for (let done = 0; done < leaves; done += 10_000) {
    await log.consent.query(
      `insert into audit_leaf (at, subject, leaf, hash)
       select now(), id, leaf, sha256('\\x00'::bytea || convert_to(leaf, 'UTF8'))
       from generate_series(1, least(10000, $1::int)) n,
         lateral (select 'aac-' || gen_random_uuid() as id) i,
         lateral (select '{"actor":{"kind":"partner"},"consent":"' || id || '","n":' || n || ',"pad":"' || repeat('x', 300) || '"}' as leaf) l`,
      [leaves - done],
    );
  }
}

interface Round {
  readonly leaves: number;
  readonly batches: number;
  readonly seconds: number;
  /** CPU of this process: hashing, signing, and its side of the connection. */
  readonly cpuSeconds: number;
  /** CPU of every process of the database server. */
  readonly postgresSeconds: number;
}

/** Of /proc: a second has 100. */
const TICKS = 100;

/** CPU seconds that the server's processes have used so far, those that ended apart. */
async function postgresCpu(log: TestLog): Promise<number> {
  const postmaster = (await readFile(join(log.stack.config.volume, "data/postmaster.pid"), "utf8")).split(
    "\n",
    1,
  )[0];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const used = pids.map(async (pid) => {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // After the name in parentheses: state, parent, … user and system time are the 14th and 15th field.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[1] === postmaster ? Number(fields[11]) + Number(fields[12]) : 0;
  });
  return (await Promise.all(used)).reduce((sum, ticks) => sum + ticks, 0) / TICKS;
}

function medianOf(rates: readonly number[]): number {
  return rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)] ?? 0;
}

async function round(log: TestLog, leaves: number): Promise<Round> {
  await write(log, leaves);
  const started = performance.now();
  const before = process.cpuUsage();
  const postgresBefore = await postgresCpu(log);
  let batches = 0;
  for (;;) {
    const batch = await log.sequence();
    if (batch === "another sequencer is at work") throw new Error(batch);
    if (batch.added === 0) break;
    batches += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return {
    leaves,
    batches,
    seconds: (performance.now() - started) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    postgresSeconds: (await postgresCpu(log)) - postgresBefore,
  };
}

const { values } = parseArgs({
  options: { leaves: { type: "string", default: "200000" }, rounds: { type: "string", default: "3" } },
});
// As in a stack: what is committed is on the disk.
const log = await startLog({ fsync: "on", synchronous_commit: "on" });
try {
  const rounds: Round[] = [];
  for (let n = 0; n < Number(values.rounds); n += 1) rounds.push(await round(log, Number(values.leaves)));
  const median = medianOf(
    rounds.map(({ leaves, cpuSeconds, postgresSeconds }) => leaves / (cpuSeconds + postgresSeconds)),
  );
  const clock = medianOf(rounds.map(({ leaves, seconds }) => leaves / seconds));
  console.log(
    table(
      ["LEAVES", "CHECKPOINTS", "SECONDS", "LEAVES/S", "CPU S", "POSTGRES CPU S", "LEAVES/CPU S"].map(
        (title) => ({ title, align: "right" }),
      ),
      rounds.map(({ leaves, batches, seconds, cpuSeconds, postgresSeconds }) => [
        String(leaves),
        String(batches),
        seconds.toFixed(2),
        (leaves / seconds).toFixed(0),
        cpuSeconds.toFixed(2),
        postgresSeconds.toFixed(2),
        (leaves / (cpuSeconds + postgresSeconds)).toFixed(0),
      ]),
    ),
  );
  console.log(
    `median ${median.toFixed(0)} leaves per CPU second, ${clock.toFixed(0)} by the clock at a load average of ` +
      `${(loadavg()[0] ?? 0).toFixed(1)}; promised ${PROMISE}`,
  );
  process.exitCode = median >= PROMISE ? 0 : 1;
} finally {
  await log.stop();
}
