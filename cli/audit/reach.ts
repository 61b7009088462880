import type { FolderVerdict } from "./folder.ts";

/**
 * How far a proof over these exports goes, in a sentence: which leaves it is about, and what it says of the log's end.
 *
 * @param verdicts without a fault, of consecutive months.
 * @param compared whether they agree with a checkpoint that was kept elsewhere.
 */
export function reachOf(verdicts: readonly Pick<FolderVerdict, "from" | "to">[], compared: boolean): string {
  const from = verdicts.at(0)?.from ?? 0;
  const to = verdicts.at(-1)?.to ?? 0;
  const leaves = to === from ? "no leaf" : `leaves ${from} to ${to - 1}`;
  const before = from === 0 ? "from the log's first day" : `the ${from} before are in earlier exports`;
  const end = compared
    ? "no fewer than were seen elsewhere; whether more came since, a newer --seen tells"
    : "whether more came after them is not proved: give --seen what somebody else kept";
  return `That is said of ${leaves}, ${before}; ${end}.`;
}
