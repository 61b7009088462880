import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, openSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { apiReady } from "../toolchain/api-ready.ts";
import { until } from "../wait.ts";
import { joinGroup } from "./cgroup.ts";
import type { Component } from "./components.ts";

/** What the supervisor is told, as JSON in the file that is its only argument. */
export interface SupervisorOrder {
  readonly components: readonly Component[];
  /** Folder with `ca.crt`, `kubelet-client.crt` and `kubelet-client.key`, to ask the API server whether it is ready. */
  readonly certificates: string;
  readonly logs: string;
  /** Folder that gets one file per component with its process id, as seen from inside. */
  readonly pids: string;
  /** First in the PATH of every component. */
  readonly programs: string;
  /** The cluster's cgroup, which everything here runs in. */
  readonly group: string;
}

/** Milliseconds until something that ended is started again. */
const AGAIN = 1_000;

async function main(file: string): Promise<void> {
  const order = JSON.parse(await readFile(file, "utf8")) as SupervisorOrder;
  // Entering the namespaces has not entered the cgroup; 0 is whoever asks.
  await joinGroup(order.group, 0);
  await mkdir(order.pids, { recursive: true });
  for (const component of order.components) if (!component.afterApi) keepRunning(component, order);
  await waitForApi(order);
  for (const component of order.components) if (component.afterApi) keepRunning(component, order);
}

function keepRunning(component: Component, order: SupervisorOrder): void {
  const { name, command } = component;
  const log = openSync(join(order.logs, `${name}.log`), "a");
  const [program = "", ...args] = command;
  const child: ChildProcess = spawn(program, args, {
    stdio: ["ignore", log, log],
    env: { ...process.env, PATH: `${order.programs}:${process.env["PATH"]}`, HOME: "/root" },
  });
  const again = (why: string) => {
    appendFileSync(join(order.logs, "supervisor.log"), `${new Date().toISOString()} ${name} ${why}\n`);
    setTimeout(() => keepRunning(component, order), AGAIN);
  };
  child.once("error", (error) => again(error.message));
  child.once("spawn", () => {
    child.once("exit", (status, signal) => again(`ended with ${signal ?? `status ${status}`}`));
    void writeFile(join(order.pids, name), String(child.pid));
  });
}

async function waitForApi({ certificates }: SupervisorOrder): Promise<void> {
  const pem = (name: string) => readFile(join(certificates, name), "utf8");
  const user = { certificate: await pem("kubelet-client.crt"), key: await pem("kubelet-client.key") };
  const authority = await pem("ca.crt");
  await until(() => apiReady("https://127.0.0.1:6443", authority, user), {
    // For ever, as good as: a broken API server is restarted, and the rest must follow whenever it comes.
    timeout: 24 * 3600_000,
    what: "the API server",
  });
}

await main(process.argv[2] ?? "");
