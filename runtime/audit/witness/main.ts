import { once } from "node:events";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { ALGORITHM, noteSigner, noteVerifier } from "../checkpoint/note.ts";
import { memoryIn } from "./memory.ts";
import { witnessServer } from "./server.ts";

const USAGE = `A witness of audit logs, for somebody who is not their bank. It signs of each log one history and no other.
  node runtime/audit/witness/main.ts key --name NAME --key FILE
    Makes a key, once; prints what others verify it by.
  node runtime/audit/witness/main.ts serve --name NAME --key FILE --memory FOLDER --log FILE...
    Serves POST /add-checkpoint (C2SP tlog-witness).
    --name     what the witness is called: a host name, such as witness.auditor.example
    --log      verifier key of a log it is a witness for, from whom you trust: a file that holds it
    --memory   folder with the newest checkpoint of each log; never lose it, never let two of these use it
    --listen   address and port, by default 127.0.0.1:8380`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string" },
    key: { type: "string" },
    memory: { type: "string" },
    log: { type: "string", multiple: true, default: [] },
    listen: { type: "string", default: "127.0.0.1:8380" },
  },
});

async function main([command]: readonly string[]): Promise<void> {
  const { name, key: file, memory: folder, log, listen } = values;
  if (command === "key" && name !== undefined && file !== undefined) {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await writeFile(file, pem, { mode: 0o600, flag: "wx" });
    console.log(noteSigner(name, pem, ALGORITHM.cosignature).verifierKey);
    return;
  }
  const whole = name !== undefined && file !== undefined && folder !== undefined && log.length > 0;
  if (command !== "serve" || !whole) throw new Error(USAGE);
  const signer = noteSigner(name, await readFile(file, "utf8"), ALGORITHM.cosignature);
  const logs = await Promise.all(log.map(async (each) => (await readFile(each, "utf8")).trim()));
  const names = logs.map((each) => noteVerifier(each).name);
  await mkdir(folder, { recursive: true });
  const server = witnessServer({ memory: memoryIn(folder), signer, logs, clock: () => new Date() });
  const at = listen.lastIndexOf(":");
  server.listen({ host: listen.slice(0, at), port: Number(listen.slice(at + 1)) });
  await once(server, "listening");
  console.log(`${signer.verifierKey} is a witness of ${names.join(", ")} on ${listen}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.close());
}

try {
  await main(positionals);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
