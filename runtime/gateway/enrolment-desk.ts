import {
  ENROLMENT,
  ENROLMENT_LABEL,
  ENROLMENT_PACE_MS,
  enrolmentIn,
  enrolmentName,
  type EnrolmentRequest,
} from "../../crds/enrolment.ts";
import { SERVED_LABEL, shardName } from "../../crds/shard.ts";
import type { Client } from "../../kube/client.ts";
import { isAlreadyExists, isConflict } from "../../kube/error.ts";
import { configMaps, leases, type Lease } from "../../kube/resources.ts";

/** Whether the hub can see a request, or how many seconds to wait before it is made again. */
export type Asked = { readonly asked: true } | { readonly asked: false; readonly retryAfter: number };

/** Where partners' requests for certificates are laid for the hub. */
export interface EnrolmentDesk {
  /** Lays a request; safe to repeat. @throws KubeError while the API server gives no answer. */
  ask(clientId: string, request: EnrolmentRequest): Promise<Asked>;
}

/** One partner makes this gateway look no more often, in ms. */
const LOOK_MS = 1_000;

/**
 * Keeps one Lease per partner, which says what it asked for last. Another request takes its place after a minute.
 *
 * The Lease itself remembers when, so that all gateways of a stack and their successors keep the same pace. It belongs to the
 * partner's shard, and Kubernetes removes it with that: nobody needs the right to.
 */
export function createEnrolmentDesk({
  client,
  namespace,
  now,
  clock,
}: {
  readonly client: Client;
  readonly namespace: string;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
}): EnrolmentDesk {
  // What lies there by each partner's last look; no request while that is not known to lie there.
  const looks = new Map<string, { readonly at: number; readonly csr: string | undefined }>();
  return {
    async ask(clientId, request) {
      const last = looks.get(clientId);
      if (last && clock() - last.at < LOOK_MS)
        return last.csr === request.csr ? { asked: true } : later(LOOK_MS);
      const seen = (csr: string | undefined) => looks.set(clientId, { at: clock(), csr });
      const laid = (): Asked => {
        seen(request.csr);
        return { asked: true };
      };
      seen(undefined);
      const name = enrolmentName(clientId);
      const present = await client.get(leases, { namespace, name });
      if (enrolmentIn(present)?.csr === request.csr) return laid();
      const since = Date.parse(present?.spec?.acquireTime ?? "");
      const wait = since + ENROLMENT_PACE_MS - now();
      // A time that is still to come was written by a clock that is wrong: it may not shut the partner out.
      if (wait > 0 && wait <= 2 * ENROLMENT_PACE_MS) return later(Math.min(wait, ENROLMENT_PACE_MS));
      const shard = await client.get(configMaps, { namespace, name: shardName(clientId) });
      // It went since the call was let through; the next one will not be.
      if (shard === undefined) return later(LOOK_MS);
      const { apiVersion, kind, metadata } = shard;
      const lease: Lease = {
        apiVersion: leases.apiVersion,
        kind: leases.kind,
        metadata: {
          name,
          namespace,
          labels: { [SERVED_LABEL]: ENROLMENT_LABEL },
          annotations: { [ENROLMENT.csr]: request.csr, [ENROLMENT.over]: request.over },
          resourceVersion: present?.metadata.resourceVersion,
          ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "" }],
        },
        spec: { holderIdentity: clientId, acquireTime: new Date(now()).toISOString().replace("Z", "000Z") },
      };
      try {
        await (present ? client.replace(leases, lease) : client.create(leases, lease));
        return laid();
      } catch (error) {
        // Another gateway laid one at the same moment.
        if (isAlreadyExists(error) || isConflict(error)) return later(LOOK_MS);
        throw error;
      }
    },
  };
}

function later(ms: number): Asked {
  return { asked: false, retryAfter: Math.max(1, Math.ceil(ms / 1000)) };
}
