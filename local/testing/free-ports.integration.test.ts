import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePorts } from "./free-ports.ts";

/** Asks in a process of its own, which lives on with what it was given. */
async function inAnotherProcess(count: number): Promise<readonly number[]> {
  const url = JSON.stringify(join(import.meta.dirname, "free-ports.ts"));
  const script = `const { freePorts } = await import(${url});
    console.log(JSON.stringify(await freePorts(${count})));
    setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  return JSON.parse(text.toString()) as readonly number[];
}

test("two processes are never given the same port, though nobody listens there yet", async () => {
  // By chance alone seven of them would be the same.
  const [ours, theirs] = await Promise.all([freePorts(400), inAnotherProcess(400)]);
  expect(new Set([...ours, ...theirs]).size).toBe(800);
});

test("whoever takes any port is given none that is kept", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(Math.max(...(await freePorts(20)))).toBeLessThan(port);
});
