import { spawn } from "node:child_process";
import { rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Installation } from "../installation.ts";
import { REPOSITORY } from "../paths.ts";
import type { Step } from "../step.ts";
import { administrator, EXAMPLES, installHub, installRegion, REGIONS, trustOf } from "./platform.ts";
import { everythingReady } from "./ready.ts";

/** Longest wait for pods that must start from nothing on two busy cores. */
const PATIENCE = "300s";

/** What installs the platform into running clusters, in order, up to a partner's first call. */
export function platformSteps(installation: Installation): readonly Step[] {
  const hub = () => administrator(installation, "hub");
  return [
    {
      name: "keys and certificates",
      async run() {
        await trustOf(installation);
        return `verify hosts with ${join(installation.run, "root.pem")}`;
      },
    },
    {
      name: "regions ke and eu",
      async run() {
        await link(join(installation.run, "trust/root.pem"), join(installation.run, "root.pem"));
        await Promise.all(REGIONS.map((region) => installRegion(installation, region)));
        return undefined;
      },
    },
    {
      name: "hub",
      async run() {
        await installHub(installation);
        return undefined;
      },
    },
    {
      name: "operator, approver, signers, name server",
      async run() {
        const rollouts = [
          ["hub", "wekeza-system", "wekeza-operator"],
          ["hub", "wekeza-approver", "approver"],
          ["hub", "wekeza-signer", "partner-signer"],
          ["hub", "wekeza-dns", "coredns"],
          ...REGIONS.map((region) => [region, "wekeza-region", "service-signer"] as const),
        ] as const;
        await Promise.all(
          rollouts.map(([cluster, namespace, name]) =>
            administrator(
              installation,
              cluster,
            )(["rollout", "status", `deployment/${name}`, "--namespace", namespace, `--timeout=${PATIENCE}`]),
          ),
        );
        return undefined;
      },
    },
    {
      name: "examples",
      async run() {
        await hub()(["apply", "-f", EXAMPLES]);
        return undefined;
      },
    },
    {
      name: "platform ready",
      run: async () => `${await everythingReady(hub(), PATIENCE)} resources`,
    },
    { name: "a partner's first call", run: () => quickstart() },
  ];
}

/** The quickstart with its output on ours, since its steps are what a person came to see. */
export function quickstart(): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(REPOSITORY, "cli/quickstart/main.ts")], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0
        ? resolve(undefined)
        : reject(new Error(`the quickstart ended with status ${code}; its last lines above say why`)),
    );
  });
}

async function link(target: string, path: string): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}
