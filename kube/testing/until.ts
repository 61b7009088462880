import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits for a condition, looking at it again and again, and returns its first value that is not undefined or false.
 *
 * @throws Error that names what was waited for, after `timeoutMs`.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 20_000,
  everyMs = 10,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}.`);
    await delay(everyMs);
  }
}
