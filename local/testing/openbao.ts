import { writeFile } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { Agent, request } from "undici";
import { run } from "../command.ts";
import { cacheFolder } from "../paths.ts";
import { createAuthority } from "../toolchain/certificate.ts";
import { openBaoProgram } from "../toolchain/openbao.ts";
import { until } from "../wait.ts";
import { freePorts } from "./free-ports.ts";
import { startServer } from "./server-process.ts";
import { temporaryFolder } from "./temporary.ts";

/** A real OpenBao over TLS, unsealed, keeping everything in memory. */
export interface OpenBaoServer {
  /** As `https://localhost:40123`. */
  readonly address: string;
  /** Root of its certificate, PEM. */
  readonly caBundle: string;
  /** Asks it as its root. @returns what it answered. @throws Error with its words when it refuses. */
  readonly root: (method: "GET" | "POST", path: string, body?: object) => Promise<Answer>;
  /** Runs lines of a shell in which `bao` is its root's. @returns what they wrote. @throws CommandError when one fails. */
  readonly shell: (lines: string, env?: Readonly<Record<string, string>>) => Promise<string>;
  /** It answers every call with 503 until {@link unseal}, as after a restart. */
  seal(): Promise<void>;
  unseal(): Promise<void>;
  /** Ends it at once. Safe to repeat. */
  stop(): Promise<void>;
}

type Answer = { readonly data?: Record<string, unknown>; readonly [name: string]: unknown };

/**
 * Starts OpenBao in about a second; the first call on a machine fetches it.
 *
 * @param host its name, or the address of this machine where others reach it.
 * @returns undefined where its program cannot be had, as {@link openBaoProgram} says.
 */
export async function startOpenBao(host = "localhost"): Promise<OpenBaoServer | undefined> {
  const program = await openBaoProgram(cacheFolder(process.env));
  if (program === undefined) return undefined;
  const folder = await temporaryFolder("openbao");
  const [port = 0, clusterPort = 0] = await freePorts(2);
  const authority = await createAuthority("openbao", new Date());
  const listens = isIPv4(host) ? host : "127.0.0.1";
  const names = isIPv4(host) ? { addresses: [host] } : { dns: [host] };
  const own = await authority.issue({ commonName: "openbao", ...names, use: "server" });
  const file = (name: string): string => join(folder.path, name);
  await writeFile(file("tls.crt"), own.certificate);
  await writeFile(file("tls.key"), own.key);
  await writeFile(file("ca.crt"), authority.certificate);
  await writeFile(
    file("config.json"),
    JSON.stringify({
      storage: { inmem: {} },
      listener: {
        tcp: {
          address: `${listens}:${port}`,
          cluster_address: `127.0.0.1:${clusterPort}`,
          tls_cert_file: file("tls.crt"),
          tls_key_file: file("tls.key"),
        },
      },
      log_level: "warn",
    }),
  );
  const address = `https://${host}:${port}`;
  const dispatcher = new Agent({ connect: { ca: authority.certificate } });
  let token = "";
  const root = async (method: "GET" | "POST", path: string, body?: object): Promise<Answer> => {
    const answer = await request(`${address}/v1/${path}`, {
      dispatcher,
      method,
      headers: { "x-vault-token": token },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new Error(`OpenBao ${method} ${path}: ${answer.statusCode} ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Answer);
  };
  const shell: OpenBaoServer["shell"] = (lines, env = {}) =>
    run("bash", ["-e", "-u", "-c", lines], {
      env: {
        ...env,
        PATH: [dirname(program), process.env["PATH"]].join(delimiter),
        BAO_ADDR: address,
        BAO_CACERT: file("ca.crt"),
        BAO_TOKEN: token,
      },
    });
  const server = await startServer(program, ["server", `-config=${file("config.json")}`], {
    log: file("log"),
    uid: folder.uid,
  });
  const stop = async (): Promise<void> => {
    await server.kill();
    await dispatcher.destroy();
    await folder.remove();
  };
  try {
    const made = await until(
      async () => {
        if (server.exited() !== undefined) return { ended: await server.log() };
        return root("POST", "sys/init", { secret_shares: 1, secret_threshold: 1 });
      },
      { timeout: 60_000, every: 50, what: "OpenBao to begin" },
    );
    const { keys, root_token: rootToken } = made as {
      readonly keys?: string[];
      readonly root_token?: string;
    };
    if (keys === undefined) throw new Error(`OpenBao ended:\n${String(made["ended"])}`);
    token = rootToken ?? "";
    const awake = async (): Promise<void> => {
      await root("POST", "sys/unseal", { key: keys[0] });
      // It is the active one a moment after it is unsealed.
      await until(async () => (await root("GET", "sys/leader"))["is_self"] !== false, {
        timeout: 30_000,
        every: 20,
        what: "OpenBao to be active",
      });
      await until(() => root("GET", "sys/mounts"), { timeout: 30_000, every: 20, what: "OpenBao to serve" });
    };
    await awake();
    return {
      address,
      caBundle: authority.certificate,
      root,
      shell,
      seal: async () => void (await root("POST", "sys/seal")),
      unseal: awake,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
