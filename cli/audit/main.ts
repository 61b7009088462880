import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { fetchMonth, inPod } from "./fetch.ts";
import { faultsBetween, faultsOfSeen, verifyFolder, type FolderVerdict } from "./folder.ts";
import { cosigned, logKey, type LogKey, witnessKey } from "./note.ts";
import type { Fault } from "./line.ts";
import { reachOf } from "./reach.ts";
import { type PackVerdict, readPack, verifyPack } from "./verify-pack.ts";
import { readReceipt, verifyReceipt } from "./verify-receipt.ts";
import { askWitness } from "./witness.ts";

const USAGE = `node cli/audit/main.ts verify --key KEY [--seen FILE]... [--witness KEY] [--keep FILE] FOLDER...
  Proves, without a database or a network, that exports are as they were signed: oldest month first.
  --key    verifier key of the log, from whom you trust: text, or a file that holds it
  --seen   a signed checkpoint kept elsewhere, which these exports must agree with
  --witness  verifier key of a witness, which must have signed what --seen says
  --keep   where to put the newest checkpoint when all is proved, for --seen the next time

node cli/audit/main.ts export --namespace stack-GROUP --month 2026-11 FOLDER
  Fetches a month of a group's log into a new folder, read-only.
node cli/audit/main.ts pack --namespace stack-GROUP ID > FILE
  Fetches all that is known of one consent or payment, with its proofs.

node cli/audit/main.ts verify-pack --key KEY FILE
  Proves what such a file says, without a database or a network.
node cli/audit/main.ts verify-receipt --key KEY FILE
  Proves what a receipt says that a partner or a customer was given.

node cli/audit/main.ts key --namespace stack-GROUP
  Prints the verifier key of a group's log, for the bank to publish.

node cli/audit/main.ts witness --namespace stack-GROUP --at URL --key KEY > FILE
  Has a witness sign the newest checkpoint of a group's log. --key: the witness's verifier key.

  export, pack, key and witness take --kubeconfig and --kubectl: how to reach the region's cluster.`;

/** @returns the exit code: 0 when all is as it was signed, 1 when something is not, 2 when that cannot be told. */
async function main(words: readonly string[]): Promise<number> {
  if (words.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  const [command, ...args] = words;
  try {
    if (command === "verify") return await verify(args);
    if (command === "export") return await fetchExport(args);
    if (command === "pack") return await fetchPack(args);
    if (command === "verify-pack") return await checkPack(args);
    if (command === "verify-receipt") return await checkReceipt(args);
    if (command === "key") return await fetchKey(args);
    if (command === "witness") return await witnessed(args);
    console.error(command === undefined ? USAGE : `There is no command ${command}.\n\n${USAGE}`);
    return 2;
  } catch (error) {
    console.error(wordsOf(error));
    return 2;
  }
}

/** Says which parts of a command were not given, by their names in the usage. */
function incomplete(parts: Readonly<Record<string, unknown>>): Error {
  const missing = Object.keys(parts).filter((name) => parts[name] === undefined);
  return new Error(`Missing: ${missing.join(", ")}.\n\n${USAGE}`);
}

/** What went wrong, for somebody who has files and this program and knows no error codes. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  return code === "ENOENT" && path !== undefined ? `There is no file ${path}.` : error.message;
}

async function verify(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      key: { type: "string" },
      seen: { type: "string", multiple: true, default: [] },
      witness: { type: "string" },
      keep: { type: "string" },
    },
  });
  if (values.key === undefined || positionals.length === 0)
    throw incomplete({ "--key": values.key, FOLDER: positionals[0] });
  const log = await keyOf(values.key);
  const verdicts: FolderVerdict[] = [];
  for (const folder of positionals) {
    const verdict = await verifyFolder(folder, log);
    verdicts.push(verdict);
    print(`${folder}: ${summary(verdict)}`, verdict.faults);
  }
  const further = [...faultsBetween(verdicts)];
  const witness = values.witness === undefined ? undefined : witnessKey(await textOf(values.witness));
  for (const file of values.seen) {
    const note = await readFile(file, "utf8");
    if (witness !== undefined && !cosigned(note, witness))
      further.push({ where: file, what: `bears no signature of the witness ${witness.name} that holds` });
    further.push(...faultsOfSeen(file, note, log, verdicts));
  }
  if (further.length > 0) print("together:", further);
  const faults = further.length + verdicts.reduce((sum, verdict) => sum + verdict.faults.length, 0);
  console.log(
    faults === 0
      ? "PROVED: nothing was changed and nothing is missing."
      : `NOT PROVED: ${faults} faults, named above.`,
  );
  if (faults === 0) console.log(reachOf(verdicts, values.seen.length > 0));
  const newest = verdicts.at(-1)?.newest;
  if (faults === 0 && values.keep !== undefined && newest !== undefined) {
    await writeFile(values.keep, newest);
    console.log(`The newest checkpoint is in ${values.keep}: give it to --seen the next time.`);
  }
  return faults === 0 ? 0 : 1;
}

function summary({ manifest, from, to, checkpoints }: FolderVerdict): string {
  const span = manifest.complete ? manifest.month : `${manifest.month} so far`;
  if (to === from) return `${span}, no leaf after the first ${from} of ${manifest.origin}`;
  return `${span}, leaves ${from} to ${to - 1} under ${checkpoints} signed checkpoints of ${manifest.origin}`;
}

function print(title: string, faults: readonly Fault[]): void {
  console.log(title);
  for (const { where, what } of faults) console.log(`  ${where}: ${what}`);
}

/** How a cluster is reached, in every command that does. */
const PLACE = {
  namespace: { type: "string" },
  kubeconfig: { type: "string" },
  kubectl: { type: "string", default: "kubectl" },
} as const;

async function fetchExport(args: readonly string[]): Promise<number> {
  const options = { ...PLACE, month: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [folder] = positionals;
  const { namespace, month, kubeconfig, kubectl } = values;
  if (folder === undefined || namespace === undefined || month === undefined)
    throw incomplete({ "--namespace": namespace, "--month": month, FOLDER: folder });
  await fetchMonth({ kubectl, kubeconfig, namespace }, month, folder);
  console.log(`${month} of ${namespace} is in ${folder}`);
  return 0;
}

async function fetchKey(args: readonly string[]): Promise<number> {
  const { namespace, kubeconfig, kubectl } = parseArgs({ args: [...args], options: PLACE }).values;
  if (namespace === undefined) throw incomplete({ "--namespace": namespace });
  return printed(inPod({ kubectl, kubeconfig, namespace }, ["runtime/audit/tool.ts", "key"]));
}

async function witnessed(args: readonly string[]): Promise<number> {
  const options = { ...PLACE, at: { type: "string" }, key: { type: "string" } } as const;
  const { namespace, kubeconfig, kubectl, at, key } = parseArgs({ args: [...args], options }).values;
  if (namespace === undefined || at === undefined || key === undefined)
    throw incomplete({ "--namespace": namespace, "--at": at, "--key": key });
  const growth = async (size: string): Promise<string> => {
    const program = ["runtime/audit/tool.ts", "consistency", size];
    let text = "";
    for await (const line of inPod({ kubectl, kubeconfig, namespace }, program)) text += `${line}\n`;
    return text;
  };
  process.stdout.write(await askWitness(new URL(at), witnessKey(await textOf(key)), growth));
  return 0;
}

async function fetchPack(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: PLACE });
  const { namespace, kubeconfig, kubectl } = values;
  const [subject] = positionals;
  if (namespace === undefined || subject === undefined)
    throw incomplete({ "--namespace": namespace, ID: subject });
  return printed(inPod({ kubectl, kubeconfig, namespace }, ["runtime/audit/tool.ts", "pack", subject]));
}

async function printed(lines: AsyncIterable<string>): Promise<number> {
  for await (const line of lines) console.log(line);
  return 0;
}

async function checkPack(args: readonly string[]): Promise<number> {
  const { log, text } = await given(args);
  const pack = readPack(text);
  const verdict = verifyPack(pack, log);
  printProved(pack.subject, verdict, log);
  for (const record of pack.records)
    console.log(`\nTOLD, not proved: what the bank's tables say today\n  ${JSON.stringify(record)}`);
  return judged(verdict);
}

async function checkReceipt(args: readonly string[]): Promise<number> {
  const { log, text } = await given(args);
  const receipt = readReceipt(text);
  const verdict = verifyReceipt(receipt, log);
  printProved(receipt.subject, verdict, log);
  return judged(verdict);
}

/** The key and the one file of a command. */
async function given(args: readonly string[]): Promise<{ readonly log: LogKey; readonly text: string }> {
  const options = { key: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [file] = positionals;
  if (values.key === undefined || file === undefined) throw incomplete({ "--key": values.key, FILE: file });
  return { log: await keyOf(values.key), text: await readFile(file, "utf8") };
}

function printProved(subject: string, { checkpoint, events, texts }: PackVerdict, log: LogKey): void {
  console.log(`${subject}, under the checkpoint of ${checkpoint?.size ?? "?"} leaves of ${log.name}`);
  for (const { index, at, type, said, personal, erasedBy } of events) {
    console.log(`\nPROVED  leaf ${index}  ${at}  ${type}\n  ${JSON.stringify(said)}`);
    if (personal !== undefined) console.log(`  personal: ${JSON.stringify(personal)}`);
    if (erasedBy !== undefined)
      console.log(
        `  ERASED: the customer's key was destroyed (leaf ${erasedBy}); nobody can read what was personal`,
      );
  }
  for (const { name, text } of texts) console.log(`\nPROVED  ${name}\n  ${text}`);
}

function judged({ faults }: PackVerdict): number {
  if (faults.length > 0) print("\nNOT PROVED", faults);
  return faults.length === 0 ? 0 : 1;
}

/** A verifier key, given itself or as a file. */
async function keyOf(given: string): Promise<LogKey> {
  return logKey(await textOf(given));
}

async function textOf(given: string): Promise<string> {
  return given.includes("+") ? given : readFile(given, "utf8");
}

process.exitCode = await main(process.argv.slice(2));
