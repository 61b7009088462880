import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startControlPlane, type ControlPlane } from "../local/testing/control-plane.ts";
import { cacheFolder } from "../local/paths.ts";
import { kubeProgram } from "../local/toolchain/go.ts";

const run = promisify(execFile);
const examples = join(import.meta.dirname, "examples");
const refused = join(examples, "refused");
const wrong = (await readdir(refused)).filter((name) => name.endsWith(".yaml"));

let cluster: ControlPlane;
let folder: string;
let kubectl: (...args: string[]) => Promise<{ readonly ok: boolean; readonly output: string }>;

beforeAll(async () => {
  cluster = await startControlPlane();
  folder = await mkdtemp(join(tmpdir(), "refused-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, cluster.kubeconfig, { mode: 0o600 });
  const program = await kubeProgram(cacheFolder(process.env), "kubectl");
  kubectl = (...args) =>
    run(program, ["--kubeconfig", kubeconfig, ...args]).then(
      ({ stdout, stderr }) => ({ ok: true, output: stdout + stderr }),
      (error: { stdout: string; stderr: string }) => ({ ok: false, output: error.stdout + error.stderr }),
    );
  expect(await kubectl("apply", "-f", join(import.meta.dirname, "manifests"))).toEqual({
    ok: true,
    output: expect.stringContaining("created"),
  });
  await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
  await kubectl("create", "namespace", "partners");
});

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

test("the API server takes our definitions as structural schemas with sound CEL", async () => {
  const { output } = await kubectl(
    "get",
    "crd",
    "-o",
    "jsonpath={range .items[*]}{.metadata.name}{range .status.conditions[?(@.status=='True')]} {.type}{end}\n{end}",
  );
  for (const line of output.trim().split("\n")) {
    expect(line).toContain("Established");
    expect(line).not.toContain("NonStructuralSchema");
  }
  expect(output.trim().split("\n")).toHaveLength(5);
});

test("every example is taken as it is", async () => {
  const folders = ["-f", examples, "-f", join(examples, "approval")];
  expect(await kubectl("apply", "--dry-run=server", ...folders)).toMatchObject({ ok: true });
});

test("webhooks are taken, with the address and port that a sandbox's receiver may have", async () => {
  const webhooks = `  webhooks:
    - name: ledger
      url: https://acme.example/events?of=bank
      events: ["urn:uk:org:openbanking:events:resource-update"]
    - name: sandbox
      url: https://10.77.0.1:8443/
`;
  const partner = join(folder, "webhooks.yaml");
  await writeFile(partner, (await readFile(join(examples, "partner.yaml"), "utf8")) + webhooks);
  expect(await kubectl("apply", "--dry-run=server", "-f", partner)).toMatchObject({ ok: true });
});

test("there are at least thirty wrong examples", () => {
  expect(wrong.length).toBeGreaterThanOrEqual(30);
});

test.each(wrong)("SEC-02 SEC-06 %s is refused with the answer it names", async (name) => {
  const text = await readFile(join(refused, name), "utf8");
  const answer = /^# answer: (.+)$/m.exec(text)?.[1];
  expect(answer).toBeDefined();
  const { ok, output } = await kubectl("apply", "--dry-run=server", "-f", join(refused, name));
  expect(ok).toBe(false);
  expect(output).toContain(answer);
});

test("a Region cannot move to another country", async () => {
  const region = join(folder, "region.yaml");
  const text = await readFile(join(examples, "regions.yaml"), "utf8");
  await kubectl("apply", "-f", join(examples, "regions.yaml"));
  await writeFile(region, text.replace("country: KE", "country: UG"));
  const { ok, output } = await kubectl("apply", "-f", region);
  expect(ok).toBe(false);
  expect(output).toContain(
    "country must not change, because data does not move with a name; make a new Region.",
  );
});

test("a Region cannot change over to other books", async () => {
  const region = join(folder, "core.yaml");
  const text = await readFile(join(examples, "regions.yaml"), "utf8");
  const own = text.replaceAll("name: ke\n", "name: own\n").replaceAll("demoData: true", "demoData: false");
  await writeFile(region, own);
  expect(await kubectl("apply", "-f", region)).toMatchObject({ ok: true });
  const core = "demoData: false\n  core: { url: 'https://core.bank.example' }";
  await writeFile(region, own.replaceAll("demoData: false", core));
  const { ok, output } = await kubectl("apply", "-f", region);
  expect(ok).toBe(false);
  expect(output).toContain("A Region's books must not move by adding or removing core");
});

test("a production Region cannot become a sandbox, where nobody has to approve", async () => {
  const region = join(folder, "production.yaml");
  const text = await readFile(join(examples, "regions.yaml"), "utf8");
  const real = text.replaceAll("name: ke\n", "name: real\n").replaceAll("demoData: true", "demoData: false");
  await writeFile(region, real.replaceAll("environment: sandbox", "environment: production"));
  expect(await kubectl("apply", "-f", region)).toMatchObject({ ok: true });
  await writeFile(region, real);
  const { ok, output } = await kubectl("apply", "-f", region);
  expect(ok).toBe(false);
  expect(output).toContain("A production Region stays one");
});
