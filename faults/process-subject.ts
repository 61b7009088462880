import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Client } from "../kube/client.ts";
import { createClient } from "../kube/client.ts";
import { staticCredentials } from "../kube/credentials.ts";
import type { Corner } from "./corner.ts";
import { startCsrWorkers, type Subject, type SubjectOptions } from "./subject.ts";
import { configOf, kubeconfigOf, makeSystem, systemOf } from "./system.ts";

/** Starts the operator as a process of its own, as its pod would, and approver and signer beside it. */
export async function startProcess(options: SubjectOptions): Promise<Subject> {
  const { corner, lines, admin, identity } = options;
  await makeSystem(options);
  const folder = await mkdtemp(join(tmpdir(), "faults-"));
  const [config, kubeconfig] = [join(folder, "config.json"), join(folder, "kubeconfig")];
  await writeFile(config, configOf(corner));
  await writeFile(kubeconfig, kubeconfigOf(lines.hub));
  const program = await options.program();
  // It ends with the harness, however that ends.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", process.execPath, program], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: join(dirname(program), "compiled"),
      KUBECONFIG: kubeconfig,
      WEKEZA_CONFIG: config,
      HEALTH_PORT: "0",
      POD_NAME: identity,
      LOG_LEVEL: "fatal",
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ended = once(child, "exit");
  const client = createClient(staticCredentials({ server: lines.csr }), { userAgent: "csr" });
  const workers = startCsrWorkers(client, options.authority, options.pace);
  return {
    leads: () => leadsNow(admin, corner, identity),
    signal: (name) => void child.kill(name),
    async stop() {
      await Promise.all([ending(child, ended), workers.stop()]);
      await client.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** After this long a process that was asked to end is killed, in ms. */
const END_PATIENCE = 40_000;

/** A process that is stopped, or that waits for a server that went away, is not asked for ever. */
async function ending(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), END_PATIENCE);
  await ended;
  clearTimeout(patience);
}

async function leadsNow(admin: Client, corner: Corner, identity: string): Promise<boolean> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${systemOf(corner)}/leases/wekeza-operator`;
  const { body } = await admin.raw({ method: "GET", path, repeatable: true });
  return (body as { readonly spec?: { readonly holderIdentity?: string } }).spec?.holderIdentity === identity;
}
