import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../paths.ts";
import { type Authority, createAuthority, createKeyPair, type KeyPair } from "../toolchain/certificate.ts";
import { apiReady } from "../toolchain/api-ready.ts";
import { kubeProgram } from "../toolchain/go.ts";
import { kubeconfig } from "../toolchain/kubeconfig.ts";
import { until } from "../wait.ts";
import { apiServerFlags, AUDIT_POLICY, controllerManagerFlags, etcdFlags } from "./control-plane-flags.ts";
import { freePorts } from "./free-ports.ts";
import { startServer, type ServerProcess } from "./server-process.ts";

export interface ControlPlaneOptions {
  /** Folder for certificates, data and logs; a new one under the system's temporary folder when absent, removed by `stop`. */
  readonly dir?: string;
  /** File that gets one JSON line per request (level Metadata); no audit log when absent. */
  readonly auditLog?: string;
  /** Runs the controller manager too: garbage collection, CSR signing, ServiceAccounts, quotas. */
  readonly controllerManager?: boolean;
  /** More flags for the controller manager. */
  readonly controllerManagerArgs?: readonly string[];
  /** More flags for kube-apiserver. */
  readonly apiServerArgs?: readonly string[];
  /** For the servers, beside this process's own, such as `GOGC`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A real Kubernetes API on loopback: etcd and kube-apiserver, with RBAC, but no node that could run a pod. */
export interface ControlPlane {
  /** As "https://127.0.0.1:40123". */
  readonly server: string;
  /** The authority's certificate, PEM. */
  readonly authority: string;
  /** Client key and certificate of a member of `system:masters`. */
  readonly adminUser: KeyPair;
  /** {@link adminUser} as kubeconfig YAML. */
  readonly kubeconfig: string;
  /** Kubeconfig YAML of any other user; it may do what RBAC grants it, which is nothing at first. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  /** Freezes (SIGSTOP) and thaws (SIGCONT) the API server, for tests of half-open connections. */
  signalApiServer(name: NodeJS.Signals): void;
  /** Kills the API server and starts it again on the same port over the same data. */
  restartApiServer(): Promise<void>;
  /** Ends everything at once. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Starts etcd and kube-apiserver as two processes on free loopback ports, in about three seconds.
 *
 * The first call on a machine compiles them, which takes minutes; `make up` has done so before.
 *
 * @throws Error with the end of a server's log when it does not become ready within two minutes.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const cache = cacheFolder(process.env);
  const programs = {
    etcd: await kubeProgram(cache, "etcd"),
    apiServer: await kubeProgram(cache, "kube-apiserver"),
    controllerManager: await kubeProgram(cache, "kube-controller-manager"),
  };
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "control-plane-")));
  await mkdir(dir, { recursive: true });
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const server = `https://127.0.0.1:${port}`;
  const authority = await createAuthority("control-plane", new Date());
  await writeCertificates(dir, authority);
  const running: ServerProcess[] = [];
  const start = async (program: string, args: readonly string[], log: string) => {
    const env = { ...SELDOM_COLLECTED, ...options.env };
    const started = await startServer(program, args, { log: join(dir, log), env });
    running.push(started);
    return started;
  };

  const stop = async () => {
    await Promise.all(running.map((each) => each.kill()));
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  const adminUser = await authority.issue({
    commonName: "admin",
    organizations: ["system:masters"],
    use: "client",
  });
  const startApiServer = async () => {
    const args = apiServerFlags(dir, port, etcdPort, options.auditLog);
    const process = await start(
      programs.apiServer,
      [...args, ...(options.apiServerArgs ?? [])],
      "apiserver.log",
    );
    await ready(process, server, authority.certificate, adminUser);
    return process;
  };
  try {
    await writeFile(join(dir, "audit-policy.yaml"), AUDIT_POLICY);
    await start(programs.etcd, etcdFlags(dir, etcdPort, peerPort), "etcd.log");
    let apiServer = await startApiServer();
    const access = (user: KeyPair) =>
      kubeconfig({ name: "control-plane", server, authority: authority.certificate, user });
    if (options.controllerManager === true) {
      await writeFile(join(dir, "admin.kubeconfig"), access(adminUser));
      const flags = [...controllerManagerFlags(dir), ...(options.controllerManagerArgs ?? [])];
      await start(programs.controllerManager, flags, "controller-manager.log");
    }
    return {
      server,
      authority: authority.certificate,
      adminUser,
      kubeconfig: access(adminUser),
      kubeconfigFor: async (commonName, organizations = []) =>
        access(await authority.issue({ commonName, organizations, use: "client" })),
      signalApiServer: (name) => apiServer.signal(name),
      restartApiServer: async () => {
        await apiServer.kill();
        apiServer = await startApiServer();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeCertificates(dir: string, authority: Authority): Promise<void> {
  const serving = await authority.issue({
    commonName: "kube-apiserver",
    dns: ["localhost", "kubernetes.default.svc"],
    addresses: ["127.0.0.1", "10.0.0.1"],
    use: "server",
  });
  const accounts = await createKeyPair();
  const files = {
    "ca.crt": authority.certificate,
    "ca.key": authority.key,
    "apiserver.crt": serving.certificate,
    "apiserver.key": serving.key,
    "sa.key": accounts.privateKey,
    "sa.pub": accounts.publicKey,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text, { mode: 0o600 });
}

/** Servers that live for a test have memory enough, and save a tenth of their time when they collect garbage seldom. */
const SELDOM_COLLECTED = { GOGC: "400", GOMEMLIMIT: "1GiB" };

/** For a server that starts beside much else on a small machine, in ms; alone it takes three seconds. */
const START = 120_000;

async function ready(process: ServerProcess, server: string, ca: string, user: KeyPair): Promise<void> {
  try {
    await until(
      async () => {
        const exit = process.exited();
        // A server that has ended will never be ready: no need to wait for the deadline.
        if (exit !== undefined) return { exit };
        return (await apiReady(server, ca, user)) ? { exit } : undefined;
      },
      { timeout: START, every: 50, what: `kube-apiserver at ${server}` },
    ).then(({ exit }) => {
      if (exit !== undefined) throw new Error(`kube-apiserver ${exit}`);
    });
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${await process.log()}`, {
      cause,
    });
  }
}
