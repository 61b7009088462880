import { Value } from "typebox/value";
import { Roster, Shard } from "../../crds/shard.ts";

/** The document, if it has the form of a roster of this group. */
export function rosterFrom(document: unknown, group: string): Roster | undefined {
  return Value.Check(Roster, document) && document.group === group ? document : undefined;
}

/** The document, if it has the form of that client's shard for that group. */
export function shardFrom(document: unknown, group: string, clientId: string): Shard | undefined {
  const fits = Value.Check(Shard, document) && document.group === group && document.clientId === clientId;
  return fits ? document : undefined;
}
