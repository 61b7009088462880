import { type Clock, sleep } from "../kube/clock.ts";
import type { Cluster } from "../kube/cluster.ts";
import type { Clusters } from "../kube/clusters.ts";
import type { Engagement } from "./region/engagement.ts";

/** A region that shows nothing in this time holds up no other, in ms. */
const PATIENCE = 5_000;

/**
 * Waits until all clusters are seen: whoever leads without that takes what it does not see yet for gone, says so in
 * status, and takes it back a second later.
 */
export async function wholePicture(
  clusters: Clusters,
  home: Cluster,
  engagement: Engagement,
  clock: Clock,
): Promise<void> {
  await home.whenSynced;
  const others = engagement
    .settled()
    .then(() => Promise.all(clusters.names.map(async (name) => clusters.get(name)?.whenSynced)));
  const enough = new AbortController();
  await Promise.race([others, sleep(clock, PATIENCE, enough.signal)]);
  enough.abort();
}
