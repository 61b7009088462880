import type { Queries } from "../../service/postgres.ts";
import { headOf, nodeReader } from "../log.ts";
import { consistencyProof } from "../tree/proof.ts";
import { addCheckpointText } from "./witness.ts";

/**
 * The newest checkpoint, with the proof that its tree begins with an earlier one, as a witness takes it.
 *
 * @param size leaves of the earlier tree, in digits; 0 when the witness has seen none.
 * @throws Error when there is no checkpoint, or `size` is no size that this log has had.
 */
export async function growthSince(queries: Queries, size: string): Promise<string> {
  const { frontier, note } = await headOf(queries);
  const old = Number(size);
  if (note === "") throw new Error("Nothing is signed yet.");
  if (!/^\d{1,15}$/.test(size) || old > frontier.size)
    throw new Error(`${size || "Nothing"} is no size of this log, which has ${frontier.size} leaves.`);
  const proof = await consistencyProof(old, frontier.size, nodeReader(queries));
  return addCheckpointText({ old, proof, note });
}
