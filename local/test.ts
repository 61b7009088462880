/** `make test`: every level in order, then one line that counts them all. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "./paths.ts";
import { closingLine, type Counts, countsOf, failuresOf, sum } from "./test-counts.ts";

/** Clusters of their own, so that a run never touches those of `make up`. */
const TEST_INSTANCE = "7";

const environment = { ...process.env, WEKEZA_INSTANCE: process.env["WEKEZA_TEST_INSTANCE"] ?? TEST_INSTANCE };
const reports = await mkdtemp(join(tmpdir(), "wekeza-test-"));

/** What failed, each in a line. */
const failures: string[] = [];

/** Runs a program of the repository with its output on ours; resolves to its exit code. */
function run(program: string, ...args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: REPOSITORY,
      env: environment,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}

/** One step that is no vitest run counts as one test. */
async function step(name: string, ...command: [string, ...string[]]): Promise<Counts> {
  console.log(`\n== ${name}`);
  const ok = (await run(...command)) === 0;
  if (!ok) {
    console.error(`== ${name} failed`);
    failures.push(name);
  }
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

async function level(project: string): Promise<Counts> {
  console.log(`\n== ${project} tests`);
  const report = join(reports, `${project}.json`);
  const code = await run(
    "vitest",
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  );
  return counted(project, report, code);
}

/** What a run's report says; its failures are kept for the end, where they are read. */
async function counted(name: string, report: string, code: number): Promise<Counts> {
  const text = await readFile(report, "utf8").catch(() => undefined);
  const counts = countsOf(text, code);
  const told = failuresOf(text);
  failures.push(...(counts.failed > 0 && told.length === 0 ? [`${name}: ended with ${code}`] : told));
  return counts;
}

/** The sample that `npm run test:faults` draws, the same in every run. Two cores with nothing else to do play it in twelve minutes. */
const FAULTS = ["--minutes", "15", "--seed", "2026"];

/** The sample of fault plans, each counted as a test. */
async function faults(): Promise<Counts> {
  console.log("\n== fault plans");
  const report = join(reports, "faults.json");
  const code = await run("node", "faults/main.ts", ...FAULTS, "--report", report);
  return counted("fault plans", report, code);
}

const counts: Counts[] = [];
counts.push(await step("format", "oxfmt", "--check"));
counts.push(await step("lint", "oxlint", "--type-aware"));
counts.push(await step("types", "tsc"));
counts.push(await step("generated files", "node", "crds/generate.ts", "--check"));
counts.push(await level("unit"));
counts.push(await step("real servers", "node", "local/testing/servers.ts"));
counts.push(await level("integration"));
counts.push(await faults());
try {
  const up = await step("clusters and platform", "node", "local/up.ts");
  counts.push(up);
  if (up.failed === 0) counts.push(await level("e2e"));
} finally {
  counts.push(await step("teardown", "node", "local/down.ts"));
  await rm(reports, { recursive: true, force: true });
}
const total = sum(counts);
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((each) => `  ${each}`).join("\n")}`);
console.log(`\n${closingLine(total)}`);
process.exitCode = total.failed === 0 ? 0 : 1;
