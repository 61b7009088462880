import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Column, table } from "../cli/quickstart/table.ts";
import { NOW } from "../runtime/banking/testing/bank.ts";
import { asSuperuser } from "../runtime/database/bootstrap.ts";
import { startStackDatabase, type StackDatabase } from "../runtime/database/testing/stack-database.ts";
import { createLog } from "../runtime/service/logger.ts";
import { openConnections } from "../runtime/service/postgres.ts";
import { sentIn } from "./scale/budget.ts";
import { fill, FILLING } from "./scale/fill.ts";

/** One process of a server. */
interface Process {
  /** Who is connected, such as `banking`; empty for the server's own. */
  readonly role: string;
  /** All that it has, its part of what is shared included, in kB. */
  readonly all: number;
  /** What is its own: memory and the tables that say where it is, in kB. */
  readonly own: number;
}

/** The postmaster and its children, as Linux counts them. */
async function processesOf({ config }: StackDatabase): Promise<readonly Process[]> {
  const [postmaster] = (await readFile(join(config.volume, "data/postmaster.pid"), "utf8")).split("\n", 1);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid): Promise<readonly Process[]> => {
    const [status, title, memory] = await Promise.all(
      ["status", "cmdline", "smaps_rollup"].map((name) =>
        readFile(`/proc/${pid}/${name}`, "utf8").catch(() => ""),
      ),
    );
    const kB = (text = "", name = "") => Number(new RegExp(`^${name}:\\s+(\\d+) `, "m").exec(text)?.[1] ?? 0);
    if (pid !== postmaster && !new RegExp(`^PPid:\\s+${postmaster}$`, "m").test(status ?? "")) return [];
    const tables = kB(status, "VmPTE");
    const role = /^postgres: (\w+) wekeza /.exec(title ?? "")?.[1] ?? "";
    return [{ role, all: kB(memory, "Pss") + tables, own: kB(memory, "Pss_Anon") + tables }];
  });
  return (await Promise.all(found)).flat();
}

const MiB = (kB: number): string => (kB / 1_024).toFixed(1);
const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

/** A server that lets in so many: without anybody, and with all that it lets in beside the superuser's. */
async function room(most: number): Promise<readonly string[]> {
  const stack = await startStackDatabase({
    fsync: "off",
    shared_buffers: "64MB",
    max_connections: `${most}`,
  });
  const { rows } = await asSuperuser(stack.agent.socket, "wekeza", (client) =>
    client.query<{ size: string }>("select current_setting('shared_memory_size') as size"),
  );
  const empty = await processesOf(stack);
  const { pool, close } = openConnections({
    config: { ...stack.database, poolSize: most - 3 },
    user: "banking",
    identity: await stack.identity("banking"),
    log: createLog("connections", { level: "error" }),
    connectMs: 120_000,
  });
  const clients = [];
  for (let n = 0; n < most - 3; n += 1) clients.push(await pool.connect());
  const full = await processesOf(stack);
  const own = full.filter(({ role }) => role === "banking").map((each) => each.own);
  for (const client of clients) client.release();
  await close();
  await stack.stop();
  const all = (processes: readonly Process[]) => MiB(sum(processes.map((each) => each.all)));
  return [`${most}`, rows[0]?.size ?? "", all(empty), all(full), `${Math.round(sum(own) / own.length)} kB`];
}

/** The most that the connection of each service had as its own while all of its statements were sent over it, in kB. */
async function used(): Promise<ReadonlyMap<string, number>> {
  const stack = await startStackDatabase(FILLING);
  const size = { customers: 1_000, consents: 20_000, entries: 10 };
  await asSuperuser(stack.agent.socket, "wekeza", (client) => fill([client], { size, at: NOW, own: true }));
  const most = new Map<string, number>();
  let done = false;
  const looking = async (): Promise<void> => {
    while (!done)
      for (const { role, own } of await processesOf(stack))
        most.set(role, Math.max(own, most.get(role) ?? 0));
  };
  const looked = looking();
  await sentIn(stack, NOW);
  done = true;
  await looked;
  await stack.stop();
  return most;
}

const right = (title: string): Column => ({ title, align: "right" });
console.log(
  table(
    [right("LET IN"), ...["SHARED", "EMPTY MIB", "FULL MIB", "OF EACH LOGGED IN"].map(right)],
    [await room(160), await room(400)],
  ),
);
const most = await used();
const each = ["oauth", "consent", "banking", "events", "audit"].map(
  (name) => [name, most.get(name) ?? 0] as const,
);
const mean = sum(each.map(([, kB]) => kB)) / each.length;
console.log(
  table(
    [{ title: "EVERY STATEMENT OF" }, right("MIB")],
    [...each, ["mean", mean] as const].map(([name, kB]) => [name, MiB(kB)]),
  ),
);
