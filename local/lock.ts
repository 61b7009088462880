import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { until } from "./wait.ts";

/** The name is held by another process. */
export class LockedError extends Error {
  constructor(name: string) {
    super(`another process of this machine is at work on ${name}; wait for it to end, then try again`);
    this.name = "LockedError";
  }
}

/**
 * Does something while no other process of this machine holds the same name.
 *
 * The lock is an abstract Unix socket (unix(7)): the kernel lets it go with the process, so a killed one leaves no stale lock.
 *
 * @param timeout milliseconds to wait for the holder; 0 gives up at once.
 * @throws LockedError when it is still held then.
 */
export async function withLock<T>(name: string, timeout: number, work: () => Promise<T>): Promise<T> {
  const address = `\0wekeza-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
  const server =
    (await listen(address)) ??
    (timeout > 0
      ? await until(() => listen(address), { timeout, what: name }).catch(() => undefined)
      : undefined);
  if (server === undefined) throw new LockedError(name);
  try {
    return await work();
  } finally {
    server.close();
  }
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ path: address }, () => resolve(server.unref()));
  });
}
