import type { PrimaryWord } from "./primary.ts";

/** How long a replica may stand still while its primary answers, in ms, before its copy is given up whatever the cause. */
export const STUCK_MS = 300_000;

/**
 * Why a copy will never follow its primary again, so that only a new one helps; undefined: it may.
 *
 * @param system of the copy.
 * @param stillMs how long it has not come on although the primary answered.
 */
export function reasonToCopy(system: string, primary: PrimaryWord, stillMs: number): string | undefined {
  if (system !== primary.system) return "The primary is another database than the one that was copied.";
  if (primary.slot === "lost") return "The primary has thrown away what this copy had not read of its log.";
  if (primary.slot === "none") return "The primary keeps no log for this copy.";
  if (stillMs > STUCK_MS)
    return `The copy has not come on for ${STUCK_MS / 1_000} s although the primary answers.`;
  return undefined;
}
