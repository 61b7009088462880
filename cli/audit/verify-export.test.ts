import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkpointText } from "../../runtime/audit/checkpoint/checkpoint.ts";
import { noteSigner, noteText } from "../../runtime/audit/checkpoint/note.ts";
import { append, EMPTY, rootOf } from "../../runtime/audit/tree/frontier.ts";
import { leafHash } from "../../runtime/audit/tree/hash.ts";
import { logKey } from "./note.ts";
import { verifyExport, type Start, type Verdict } from "./verify-export.ts";

const signer = noteSigner(
  "audit/test",
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
);
const log = logKey(signer.verifierKey);

interface Exported {
  readonly start: Start;
  readonly leaves: readonly string[];
  readonly checkpoints: readonly string[];
}

/** An export as the service makes it: leaves in batches, each with its checkpoint. */
async function exported(batches: readonly number[], before = 0): Promise<Exported> {
  const text = (n: number): string => `{"n":${n}}`;
  const hash = (n: number): Buffer => leafHash(Buffer.from(text(n)));
  const numbers = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, n) => from + n);
  const signed = async (size: number, root: Buffer): Promise<string> => {
    const words = checkpointText({ origin: signer.name, size, root, epoch: 1 });
    return noteText({ text: words, signatures: [await signer.sign(words)] });
  };
  let { frontier } = append(EMPTY, numbers(0, before).map(hash));
  const start: Start = {
    size: before,
    peaks: frontier.hashes.map((peak) => peak.toString("base64")),
    ...(before === 0 ? {} : { checkpoint: await signed(before, rootOf(frontier)) }),
  };
  const checkpoints: string[] = [];
  for (const count of batches) {
    const hashes = numbers(frontier.size, count).map(hash);
    ({ frontier } = append(frontier, hashes));
    const note = await signed(frontier.size, rootOf(frontier));
    checkpoints.push(JSON.stringify({ note, hashes: Buffer.concat(hashes).toString("base64") }));
  }
  const leaves = numbers(before, frontier.size - before).map((n) =>
    JSON.stringify({ index: n, leaf: text(n) }),
  );
  return { start, leaves, checkpoints };
}

async function* lines(texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

function verdictOn({ start, leaves, checkpoints }: Exported): Promise<Verdict> {
  return verifyExport({ start, leaves: lines(leaves), checkpoints: lines(checkpoints) }, log);
}

const whole = await exported([3, 1, 4, 2], 5);
const batches = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });

describe("an export", () => {
  test("that is whole has no fault, wherever it begins", async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(70), async (sizes, before) => {
        const verdict = await verdictOn(await exported(sizes, before));
        const leaves = sizes.reduce((sum, size) => sum + size, 0);
        expect(verdict).toMatchObject({
          faults: [],
          from: before,
          to: before + leaves,
          checkpoints: sizes.length,
        });
      }),
      { numRuns: 40 },
    );
  });

  test("with any one leaf changed names that leaf and its line", async () => {
    for (const at of whole.leaves.keys()) {
      const line = JSON.stringify({ index: 5 + at, leaf: `{"n":"${5 + at}"}` });
      const { faults } = await verdictOn({ ...whole, leaves: whole.leaves.with(at, line) });
      expect(faults).toEqual([{ where: `leaves.ndjson line ${at + 1}`, what: `leaf ${5 + at} was changed` }]);
    }
  });

  test("without any one leaf names it", async () => {
    for (const at of whole.leaves.keys()) {
      const { faults } = await verdictOn({ ...whole, leaves: whole.leaves.toSpliced(at, 1) });
      expect(faults).toEqual([{ where: `leaf ${5 + at}`, what: "is missing from leaves.ndjson" }]);
    }
  });

  test("with a leaf put in, or two exchanged, names their lines", async () => {
    const extra = await verdictOn({ ...whole, leaves: whole.leaves.toSpliced(2, 0, whole.leaves[1] ?? "") });
    expect(extra.faults).toEqual([
      { where: "leaves.ndjson line 3", what: "has leaf 6, whose turn was before leaf 7" },
    ]);
    const [a = "", b = ""] = whole.leaves.slice(3, 5);
    const exchanged = await verdictOn({ ...whole, leaves: whole.leaves.toSpliced(3, 2, b, a) });
    expect(exchanged.faults).toEqual([
      { where: "leaf 8", what: "is missing from leaves.ndjson" },
      { where: "leaves.ndjson line 5", what: "has leaf 8, whose turn was before leaf 10" },
    ]);
  });

  test("with any one checkpoint changed names it, and still proves the leaves by the others", async () => {
    for (const [at, text] of whole.checkpoints.entries()) {
      const { note, hashes } = JSON.parse(text) as { readonly note: string; readonly hashes: string };
      const forged = JSON.stringify({ note: note.replace("epoch 1", "epoch 2"), hashes });
      const { faults } = await verdictOn({ ...whole, checkpoints: whole.checkpoints.with(at, forged) });
      expect(faults).toMatchObject([{ where: `checkpoints.ndjson line ${at + 1}` }]);
      expect(faults[0]?.what).toContain("no signature of audit/test that holds");
    }
  });

  test("without a checkpoint names the line after it, or the leaves that nothing covers", async () => {
    const missing = await verdictOn({ ...whole, checkpoints: whole.checkpoints.toSpliced(1, 1) });
    expect(missing.faults).toMatchObject([{ where: "checkpoints.ndjson line 2" }]);
    expect(missing.faults[0]?.what).toContain("a line before it is missing");
    const cut = await verdictOn({ ...whole, checkpoints: whole.checkpoints.slice(0, -1) });
    expect(cut.faults).toEqual([
      { where: "leaves.ndjson line 9", what: "is covered by no checkpoint" },
      { where: "leaves.ndjson line 10", what: "is covered by no checkpoint" },
    ]);
  });

  test("whose kept hashes were changed says that the leaves are whole", async () => {
    const { note } = JSON.parse(whole.checkpoints[2] ?? "") as { readonly note: string };
    const hashes = Buffer.alloc(4 * 32).toString("base64");
    const { faults } = await verdictOn({
      ...whole,
      checkpoints: whole.checkpoints.with(2, JSON.stringify({ note, hashes })),
    });
    expect(faults).toHaveLength(4);
    expect(faults[0]).toEqual({
      where: "checkpoints.ndjson line 3",
      what: "keeps another hash of leaf 9 than was signed; the leaf is whole",
    });
  });

  test("whose leaf was changed together with its hash names the stretch between two checkpoints", async () => {
    const { note } = JSON.parse(whole.checkpoints[1] ?? "") as { readonly note: string };
    const leaf = `{"n":"forged"}`;
    const hashes = leafHash(Buffer.from(leaf)).toString("base64");
    const { faults } = await verdictOn({
      ...whole,
      leaves: whole.leaves.with(3, JSON.stringify({ index: 8, leaf })),
      checkpoints: whole.checkpoints.with(1, JSON.stringify({ note, hashes })),
    });
    expect(faults[0]).toMatchObject({ where: "leaves 8 to 8" });
    expect(faults[0]?.what).toContain("changed together with their hashes");
  });

  test("with one character changed anywhere has a fault", async () => {
    const at = (
      texts: readonly string[],
      line: number,
      column: number,
      letter: string,
    ): readonly string[] => {
      const text = texts[line % texts.length] ?? "";
      const place = column % text.length;
      return texts.with(line % texts.length, text.slice(0, place) + letter + text.slice(place + 1));
    };
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.nat(),
        fc.nat(),
        fc.constantFrom("x", "7", "A"),
        async (rows, line, column, letter) => {
          const changed = rows
            ? { ...whole, leaves: at(whole.leaves, line, column, letter) }
            : { ...whole, checkpoints: at(whole.checkpoints, line, column, letter) };
          fc.pre(
            changed.leaves.join() !== whole.leaves.join() ||
              changed.checkpoints.join() !== whole.checkpoints.join(),
          );
          expect((await verdictOn(changed)).faults).not.toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("whose beginning is no tree of its size says so, and no more", async () => {
    const { start } = whole;
    for (const size of [4, 7, -1, 2 ** 40 - 1]) {
      expect(await verdictOn({ ...whole, start: { ...start, size } })).toMatchObject({
        faults: [{ where: "manifest.json, start" }],
        checkpoints: 0,
      });
    }
    const peaks = start.peaks.map((peak) => peak.slice(4));
    expect(await verdictOn({ ...whole, start: { ...start, peaks } })).toMatchObject({
      faults: [{ where: "manifest.json, start" }],
      checkpoints: 0,
    });
  });

  test("knows the root that it begins with, and those that it signs", async () => {
    expect([...(await verdictOn(whole)).roots.keys()]).toEqual([5, 8, 9, 13, 15]);
  });

  test("of another log, or with another beginning, is not believed", async () => {
    const other = noteSigner(
      "audit/test",
      generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    );
    const { start, leaves, checkpoints } = whole;
    const verdict = await verifyExport(
      { start, leaves: lines(leaves), checkpoints: lines(checkpoints) },
      logKey(other.verifierKey),
    );
    expect(verdict.faults.length).toBeGreaterThan(4);
    const peaks = start.peaks.toReversed();
    expect((await verdictOn({ ...whole, start: { ...start, peaks } })).faults[0]).toEqual({
      where: "manifest.json, start",
      what: "is not the tree that its checkpoint signs",
    });
  });
});
