import { expect, test } from "vitest";
import { budgetOf, costsOf, type PlanNode } from "./plan.ts";

function node(type: string, rows: number, buffers: number, Plans: readonly PlanNode[] = []): PlanNode {
  return {
    "Node Type": type,
    "Actual Rows": rows,
    "Actual Loops": 1,
    "Shared Hit Blocks": buffers,
    "Shared Read Blocks": 0,
    Plans,
  };
}

test("a statement has a budget by its rows and by the tables it goes into", () => {
  const plan = node("Limit", 25, 90, [node("Index Scan", 25, 90)]);
  const [cost] = costsOf([{ text: "select", plan, depth: 0 }]);
  expect(cost).toMatchObject({ buffers: 90, rows: 25, scans: 1 });
  expect(cost && budgetOf(cost)).toBe(508);
});

test("rows that are written count as rows that are returned do", () => {
  const plan = node("ModifyTable", 0, 30, [node("Result", 3, 0)]);
  expect(costsOf([{ text: "insert", plan, depth: 0 }])).toMatchObject([{ rows: 3, scans: 0 }]);
});

test("what a function did is its caller's too, once, and nobody else's", () => {
  const insert = node("ModifyTable", 0, 9, [node("Result", 1, 0)]);
  const costs = costsOf([
    { text: "elsewhere", plan: node("Index Scan", 5, 5), depth: 0 },
    { text: "insert 1", plan: insert, depth: 4 },
    { text: "insert 2", plan: insert, depth: 4 },
    { text: "select tell()", plan: node("Result", 1, 18), depth: 2 },
    { text: "select use()", plan: node("Result", 1, 20), depth: 0 },
  ]);
  expect(costs.map(({ text, rows }) => [text, rows])).toEqual([
    ["elsewhere", 5],
    ["insert 1", 1],
    ["insert 2", 1],
    ["select tell()", 3],
    ["select use()", 4],
  ]);
});
