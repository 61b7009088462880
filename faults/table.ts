import type { Verdict } from "./verdict.ts";

/** Verdicts by fault class, as a table for people; `enumerated` is how many plans there are of each. */
export function tableOf(verdicts: readonly Verdict[], enumerated: ReadonlyMap<string, number>): string {
  const groups = Map.groupBy(verdicts, ({ fault }) => fault);
  const rows = [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, all]) => {
      const count = (outcome: Verdict["outcome"]): string =>
        String(all.filter((each) => each.outcome === outcome).length);
      const times = all.flatMap(({ recoveredAfter }) => recoveredAfter ?? []).toSorted((a, b) => a - b);
      const at = (share: number): string =>
        seconds(times[Math.min(times.length - 1, Math.floor(times.length * share))]);
      return [
        name,
        all[0]?.rel ?? "",
        `${all.length} of ${enumerated.get(name) ?? all.length}`,
        count("resilient"),
        count("failed"),
        count("inconclusive"),
        at(0.5),
        at(1),
      ];
    });
  return aligned([
    ["fault", "item", "plans", "resilient", "failed", "not struck", "median", "slowest"],
    ...rows,
  ]);
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "" : `${(ms / 1000).toFixed(1)} s`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  "),
    )
    .join("\n");
}
