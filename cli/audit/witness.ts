import { cosigned, type LogKey } from "./note.ts";

/** Time a witness has for its answer, in ms. */
const PATIENCE_MS = 10_000;
/** How often it is asked anew because it had signed another tree meanwhile. */
const TRIES = 3;

/**
 * Has a witness sign the newest tree of a log (C2SP tlog-witness, `add-checkpoint`).
 *
 * @param growth what the log says from a size on: that size, a proof, an empty line, the newest checkpoint.
 * @returns that checkpoint, with the witness's signature under it.
 * @throws Error when it did not sign: of a log with two histories it signs one. When others had it sign one tree after the other
 * meanwhile, that says nothing about the log.
 */
export async function askWitness(
  url: URL,
  witness: LogKey,
  growth: (size: string) => Promise<string>,
): Promise<string> {
  const add = async (body: string): Promise<{ readonly status: number; readonly text: string }> => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const headers = { "content-type": "text/plain" };
    const answer = await fetch(new URL("add-checkpoint", url), { method: "POST", headers, body, signal });
    return { status: answer.status, text: await answer.text() };
  };
  let size = "0";
  let body = await growth(size);
  let answer = await add(body);
  // It tells which tree it signed last, as long as that is another one: somebody else may ask it too.
  for (let tries = 0; answer.status === 409; tries += 1) {
    const seen = /^(\d{1,15})\n$/.exec(answer.text)?.[1];
    if (seen === undefined || seen === size) break;
    if (tries === TRIES)
      throw new Error(`${witness.name} signs trees for others too, a newer one each time. Ask again.`);
    size = seen;
    body = await growth(size);
    answer = await add(body);
  }
  if (answer.status === 409 || answer.status === 422)
    throw new Error(`The log does not go on from what ${witness.name} has signed: there are two histories.`);
  if (answer.status !== 200)
    throw new Error(`${witness.name} answered ${answer.status}: ${answer.text.trim()}`);
  const note = body.slice(body.indexOf("\n\n") + 2) + answer.text;
  if (!cosigned(note, witness))
    throw new Error(`What ${url.href} answered is no signature of ${witness.name}.`);
  return note;
}
