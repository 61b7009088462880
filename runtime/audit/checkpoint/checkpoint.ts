import { HASH_BYTES } from "../tree/hash.ts";
import type { TreeHead } from "../tree/verify.ts";

/** What the log says it is at one moment. */
export interface Checkpoint extends TreeHead {
  /** Whose tree; names the log for ever. */
  readonly origin: string;
  /** Grows with every failover; of two trees the one of the higher epoch counts. */
  readonly epoch: number;
}

const NUMBER = /^(?:0|[1-9][0-9]{0,15})$/;

/** The text that is signed (C2SP tlog-checkpoint); the epoch is an extension line. */
export function checkpointText({ origin, size, root, epoch }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString("base64")}\nepoch ${epoch}\n`;
}

/**
 * Reads the text of a checkpoint.
 *
 * @throws Error when it is none. Extension lines that are not ours are passed over.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = "", size = "", encoded = "", ...extensions] = text.split("\n").slice(0, -1);
  const root = Buffer.from(encoded, "base64");
  const epoch = extensions.find((line) => line.startsWith("epoch "))?.slice("epoch ".length) ?? "0";
  if (origin === "" || !NUMBER.test(size) || !NUMBER.test(epoch) || root.length !== HASH_BYTES)
    throw new Error("No checkpoint: origin, size, root and epoch are expected.");
  if (root.toString("base64") !== encoded) throw new Error("The checkpoint's root is not spelt canonically.");
  return { origin, size: Number(size), root, epoch: Number(epoch) };
}

/** Name of a group's log: its origin, and the name of the key that signs its checkpoints. */
export function originOf(group: string): string {
  return `openbanking.wekeza.io/audit/${group}`;
}
