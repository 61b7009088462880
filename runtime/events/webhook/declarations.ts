import type { Log } from "../../service/logger.ts";
import type { PartnerDirectory } from "../../service/shards.ts";
import { type Declaration, type Declared, type WebhookStore, WITHDRAWN_AT_ONCE } from "./webhook-store.ts";

/** Partners whose webhooks are taken in at one time. */
const DECLARED_AT_ONCE = 200;

/**
 * What signed documents say of webhooks and the database does not know yet: of each listed partner what its shard says, and of
 * whom the roster does not list any more that there are none. Of a listed partner without a usable shard nothing is said.
 */
export function newDeclarations(
  directory: Pick<PartnerDirectory, "roster" | "partner" | "lists">,
  declared: readonly Declared[],
): readonly Declaration[] {
  const roster = directory.roster();
  if (roster === undefined) return [];
  const listed = roster.partners.flatMap(({ clientId: client }) => {
    const shard = directory.partner(client)?.shard;
    return shard ? [{ client, version: shard.version, webhooks: shard.webhooks ?? [] }] : [];
  });
  const left = declared
    .filter(({ client, receives }) => receives && !directory.lists(client))
    .map(({ client }) => ({ client, version: roster.version, webhooks: [] }));
  const known = new Map(declared.map(({ client, version }) => [client, version]));
  return [...listed, ...left].filter(({ client, version }) => version > (known.get(client) ?? 0));
}

/**
 * Brings the webhooks of the database to what the signed documents declare, a part at a time.
 *
 * @returns whether there is more to do at once.
 */
export async function keepDeclared(
  directory: PartnerDirectory,
  store: WebhookStore,
  now: Date,
  log: Log,
): Promise<boolean> {
  const declarations = newDeclarations(directory, await store.declared());
  if (declarations.length > 0) await store.declare(declarations.slice(0, DECLARED_AT_ONCE));
  const withdrawn = await store.withdraw(now);
  if (withdrawn > 0) log.info({ withdrawn }, "what waited for webhooks that were taken out is withdrawn");
  return declarations.length > DECLARED_AT_ONCE || withdrawn === WITHDRAWN_AT_ONCE;
}
