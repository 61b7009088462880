import { numbered, parsed, type Fault, type Line } from "./line.ts";
import { isText } from "./shape.ts";

interface LeafLine {
  readonly index: number;
  readonly leaf: string;
}

/** A leaf as `leaves.ndjson` has it. */
export interface Row {
  readonly leaf: string;
  readonly where: string;
}

/** The rows of `leaves.ndjson` in order of their indexes; what is missing, doubled or unreadable is told. */
export function rowsOf(lines: AsyncIterable<string>, first: number, faults: Fault[]) {
  const source = numbered(lines)[Symbol.asyncIterator]();
  let waiting: (Row & { readonly index: number }) | undefined;
  let expected = first;
  const next = async (): Promise<typeof waiting> => {
    for (;;) {
      const { value, done } = await source.next();
      if (done === true) return undefined;
      const line = value as Line;
      const where = `leaves.ndjson line ${line.number}`;
      const row = parsed<LeafLine>(line.text, { index: isIndex, leaf: isText }, where, faults);
      if (row === undefined) continue;
      if (row.index >= expected) return { ...row, where };
      faults.push({ where, what: `has leaf ${row.index}, whose turn was before leaf ${expected}` });
    }
  };
  return {
    /** The words of all leaves before `end`. */
    async upTo(end: number): Promise<readonly (Row | undefined)[]> {
      const rows: (Row | undefined)[] = [];
      for (; expected < end;) {
        waiting ??= await next();
        const mine = waiting?.index === expected ? waiting : undefined;
        if (mine === undefined)
          faults.push({ where: `leaf ${expected}`, what: "is missing from leaves.ndjson" });
        else waiting = undefined;
        rows.push(mine);
        expected += 1;
      }
      return rows;
    },
    /** Places of rows that are left. */
    async rest(): Promise<readonly string[]> {
      const places: string[] = [];
      for (waiting ??= await next(); waiting !== undefined; waiting = await next())
        places.push(waiting.where);
      return places;
    },
  };
}

const isIndex = (value: unknown): boolean => Number.isSafeInteger(value);
