/** A node of a plan, as `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)` has it. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly PlanNode[];
}

/** A statement that was carried out, and how. */
export interface Explained {
  readonly text: string;
  readonly plan: PlanNode;
  /** How many functions and triggers it was sent from; 0 for what a service sent itself. */
  readonly depth: number;
}

/** What a statement read for what it gave. */
export interface Cost {
  readonly text: string;
  /** Pages of 8 kB that were read, from memory or from disk, by it and by what its functions and triggers did. */
  readonly buffers: number;
  /** Rows that were returned or written. */
  readonly rows: number;
  /** Places where it looked into a table: each begins at the root of an index. */
  readonly scans: number;
  /** Places where it wrote into one. */
  readonly writes: number;
  readonly plan: PlanNode;
}

/** Pages that a row may cost. */
const PER_ROW = 20;
/**
 * Pages that the way to the first row of a table may cost, also when there is none: root and inner pages of an index (four
 * with a thousand million rows), its leaf, the row, and a little for entries whose rows have moved on.
 */
const PER_SCAN = 8;
/** Pages that writing to a table may cost: a new row goes into each of its indexes, and now and then splits a page. */
const PER_WRITE = 20;

/** Pages that a statement may read. */
export function budgetOf({ rows, scans, writes }: Pick<Cost, "rows" | "scans" | "writes">): number {
  return PER_ROW * rows + PER_SCAN * scans + PER_WRITE * writes;
}

/**
 * What each of a run of statements cost. What a function or a trigger did is part of the statement that called it, and
 * stands by itself as well.
 *
 * @param explained in the order in which they ended: whatever is called ends before its caller.
 */
export function costsOf(explained: readonly Explained[]): readonly Cost[] {
  const costs: { readonly cost: Cost; readonly depth: number }[] = [];
  for (const { text, plan, depth } of explained) {
    let rows = returned(plan) + written(plan);
    let scans = count(plan, (node) => node["Node Type"].endsWith("Scan"));
    let writes = count(plan, (node) => node["Node Type"] === "ModifyTable");
    // Plans that are direct children; their own rows have those of what they called in them already.
    let below = Number.POSITIVE_INFINITY;
    for (const { cost, depth: inner } of costs.toReversed()) {
      if (inner <= depth) break;
      if (inner > below) continue;
      below = inner;
      rows += cost.rows;
      scans += cost.scans;
      writes += cost.writes;
    }
    const buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
    costs.push({ cost: { text, buffers, rows, scans, writes, plan }, depth });
  }
  return costs.map(({ cost }) => cost);
}

function returned(plan: PlanNode): number {
  return plan["Actual Rows"] * plan["Actual Loops"];
}

/** Rows that went into every `ModifyTable` of a plan. */
function written(plan: PlanNode): number {
  return [plan, ...descendants(plan)]
    .filter((node) => node["Node Type"] === "ModifyTable" || node["Node Type"] === "LockRows")
    .flatMap(({ Plans = [] }) => Plans.slice(0, 1))
    .reduce((sum, node) => sum + returned(node), 0);
}

function count(plan: PlanNode, which: (node: PlanNode) => boolean): number {
  return [plan, ...descendants(plan)].filter(which).length;
}

function descendants({ Plans = [] }: PlanNode): readonly PlanNode[] {
  return Plans.flatMap((node) => [node, ...descendants(node)]);
}

/** A plan for people: a line for each node. */
export function planText(plan: PlanNode, indent = ""): string {
  const { "Node Type": type, "Relation Name": relation, "Actual Rows": rows, "Actual Loops": loops } = plan;
  const buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
  const line = `${indent}${type}${relation === undefined ? "" : ` on ${relation}`}: ${buffers} buffers, ${rows} rows x ${loops}`;
  return [line, ...(plan.Plans ?? []).map((node) => planText(node, `${indent}  `))].join("\n");
}
