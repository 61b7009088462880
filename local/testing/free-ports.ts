import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type ListenOptions } from "node:net";

/** Below what Linux gives to whoever asks for any port (32768 and up), so that nobody is given one that is kept here. */
const [FIRST, END] = [10_000, 32_000];

/**
 * Loopback ports that nobody listens on, all different.
 *
 * They are this process's for as long as it lives: a server may come to listen much later, and may be started again.
 *
 * @throws Error when no port is left.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > END - FIRST) throw new Error("no loopback port is free");
    const port = randomInt(FIRST, END);
    if ((await kept(port)) && (await nobodyListens(port))) ports.push(port);
  }
  return ports;
}

/**
 * Keeps a port from other processes that ask {@link freePorts}.
 *
 * By an abstract socket, which the kernel gives to one process at a time and takes back when that ends.
 */
async function kept(port: number): Promise<boolean> {
  const keeper = await listening({ path: `\0wekeza-free-port-${port}` });
  keeper?.unref();
  return keeper !== undefined;
}

async function nobodyListens(port: number): Promise<boolean> {
  const server = await listening({ port, host: "127.0.0.1" });
  if (server === undefined) return false;
  server.close();
  await once(server, "close");
  return true;
}

/** @returns undefined when somebody else listens there. */
async function listening(where: ListenOptions) {
  const server = createServer();
  try {
    await once(server.listen(where), "listening");
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
}
