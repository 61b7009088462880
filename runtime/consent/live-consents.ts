import { SERVED_LABEL } from "../../crds/shard.ts";
import {
  LIVE_CONSENTS,
  LIVE_CONSENTS_ANNOTATION,
  LIVE_CONSENTS_EVERY_MS,
  type LiveConsents,
} from "../../crds/live-consents.ts";
import type { Client } from "../../kube/client.ts";
import { isAlreadyExists, isConflict } from "../../kube/error.ts";
import { leases, type Lease } from "../../kube/resources.ts";
import type { Queries } from "../service/postgres.ts";
import type { PartnerDirectory } from "../service/shards.ts";

/**
 * Counts live consents by the policy and the text they were given under. One whose time is over counts until that is written
 * down, which takes seconds. Consents of a client that is not known are left out: its partner has ended, and they end with it.
 */
export async function countLiveConsents(
  database: Queries,
  partners: Pick<PartnerDirectory, "partner">,
): Promise<readonly LiveConsents[]> {
  const { rows } = await database.query<{
    readonly client: string;
    readonly hash: string;
    readonly name: string;
    readonly count: number;
  }>(
    `select counted.*, (select policy ->> 'name' from consents
       where state = 'AUTH' and client_id = client and policy_hash = hash limit 1) as name
     from (select client_id as client, policy_hash as hash, count(*)::integer as count from consents
       where state = 'AUTH' group by client_id, policy_hash) as counted`,
  );
  const texts = new Map<string, LiveConsents>();
  for (const { client, hash, name, count } of rows) {
    const partner = partners.partner(client)?.shard.partner;
    if (partner === undefined || name === null) continue;
    const policy = `${partner.split("/")[0]}/${name}`;
    const key = `${policy} ${hash}`;
    texts.set(key, { policy, hash, count: count + (texts.get(key)?.count ?? 0) });
  }
  return [...texts.keys()].toSorted().flatMap((key) => texts.get(key) ?? []);
}

/** Whose Lease it is, and what it says. */
export interface LiveConsentsReport {
  readonly client: Client;
  readonly namespace: string;
  /** POD_NAME. */
  readonly pod: string;
  readonly now: () => Date;
  readonly count: () => Promise<readonly LiveConsents[]>;
}

/** Says it in the stack's Lease, unless another pod did so less than a minute ago: one count a minute, however many pods there are. */
export async function reportLiveConsents({
  client,
  namespace,
  pod,
  now,
  count,
}: LiveConsentsReport): Promise<void> {
  const present = await client.get(leases, { namespace, name: LIVE_CONSENTS });
  const age = now().getTime() - Date.parse(present?.spec?.renewTime ?? "");
  // A time that is still to come was written by a clock that is wrong.
  if (age >= 0 && age < LIVE_CONSENTS_EVERY_MS) return;
  const lease: Lease = {
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: {
      name: LIVE_CONSENTS,
      namespace,
      labels: { [SERVED_LABEL]: LIVE_CONSENTS },
      annotations: { [LIVE_CONSENTS_ANNOTATION]: JSON.stringify(await count()) },
      resourceVersion: present?.metadata.resourceVersion,
    },
    spec: { holderIdentity: pod, renewTime: now().toISOString().replace("Z", "000Z") },
  };
  try {
    await (present ? client.replace(leases, lease) : client.create(leases, lease));
  } catch (error) {
    // Another pod said it at the same moment.
    if (!isAlreadyExists(error) && !isConflict(error)) throw error;
  }
}
