import { SERVED, SERVED_LABEL } from "../../crds/shard.ts";
import { compareVersions } from "../../kube/object.ts";
import type { Lease } from "../../kube/resources.ts";

/** A pod that serves partners, by what its Lease says. */
export interface Server {
  readonly pod: string;
  readonly service: string;
  readonly startedAt: Date;
  /** Newest resource version it has taken in. */
  readonly resourceVersion: string;
  /** Version of the roster it serves by; 0 before its first, while it is not ready. */
  readonly rosterVersion: number;
  /** Why it refused a client's shard (or `roster`), by client id. */
  readonly refused: ReadonlyMap<string, string>;
  /** What a gateway thinks of its callers, 0 to 100 by client id; who behaves is not there. */
  readonly behaviour: ReadonlyMap<string, number>;
  /** Requests a second that a gateway takes; undefined where it does not say. */
  readonly requestsPerSecond?: number | undefined;
}

/** What one pod of banking thinks, by the payments that it had scored. */
export type PaymentReport = Pick<Server, "pod" | "behaviour">;

/** Pods renew within their Lease's time; clocks of hub and region may differ by this much more, in ms. */
const CLOCK_TOLERANCE_MS = 30_000;

/** Says in its Lease what is thought of partners' payments; it is told no shards, so nothing waits for it. */
const BANKING = "banking";

/** The pods that serve and are alive, out of the Leases of a stack's namespace. */
export function liveServers(leases: readonly Lease[], now: Date): readonly Server[] {
  return leases.flatMap((lease) => {
    const service = lease.metadata.labels?.[SERVED_LABEL];
    if (service === undefined || service === BANKING || !isAlive(lease, now)) return [];
    const server = serverOf(lease, service);
    return server ? [server] : [];
  });
}

/** What the live pods of banking think of partners by their payments, out of the same Leases. */
export function paymentReports(leases: readonly Lease[], now: Date): readonly PaymentReport[] {
  return leases
    .filter((lease) => lease.metadata.labels?.[SERVED_LABEL] === BANKING && isAlive(lease, now))
    .map(({ metadata, spec }) => ({
      pod: spec?.holderIdentity ?? metadata.name,
      behaviour: behaviourOf(metadata.annotations?.[SERVED.behaviour]),
    }));
}

function isAlive({ spec }: Lease, now: Date): boolean {
  const until = Date.parse(spec?.renewTime ?? "") + (spec?.leaseDurationSeconds ?? 0) * 1000;
  return Boolean(spec?.holderIdentity) && until + CLOCK_TOLERANCE_MS > now.getTime();
}

function serverOf({ metadata, spec }: Lease, service: string): Server | undefined {
  const annotations = metadata.annotations ?? {};
  const startedAt = new Date(annotations[SERVED.startedAt] ?? "");
  if (Number.isNaN(startedAt.getTime())) return undefined;
  return {
    pod: spec?.holderIdentity ?? metadata.name,
    service,
    startedAt,
    resourceVersion: annotations[SERVED.resourceVersion] ?? "",
    rosterVersion: Number(annotations[SERVED.rosterVersion] ?? 0) || 0,
    refused: refusalsOf(annotations[SERVED.refused]),
    behaviour: behaviourOf(annotations[SERVED.behaviour]),
    requestsPerSecond: rateOf(annotations[SERVED.requests]),
  };
}

/** What the Lease says of requests; only a sensible number counts. */
function rateOf(text: string | undefined): number | undefined {
  const rate = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(rate) && rate >= 0 && rate <= 1_000_000 ? rate : undefined;
}

/** What the Lease says was refused; a pod that says it badly has refused nothing we could name. */
function refusalsOf(text: string | undefined): ReadonlyMap<string, string> {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    const entries = Array.isArray(list) ? (list as readonly Record<string, unknown>[]) : [];
    return new Map(entries.map(({ clientId, reason }) => [String(clientId), String(reason)]));
  } catch {
    return new Map();
  }
}

/** What the Lease says of callers; only numbers from 0 to 100 count. */
export function behaviourOf(text: string | undefined): ReadonlyMap<string, number> {
  try {
    const scores = Object.entries(JSON.parse(text ?? "{}") as Record<string, unknown>);
    return new Map(
      scores.flatMap(([clientId, score]) =>
        typeof score === "number" && score >= 0 && score <= 100 ? [[clientId, score] as const] : [],
      ),
    );
  } catch {
    return new Map();
  }
}

/** Whether the pod has taken in a ConfigMap of that resource version. */
export function hasSeen(server: Server, resourceVersion: string | undefined): boolean {
  return server.resourceVersion !== "" && compareVersions(server.resourceVersion, resourceVersion) >= 0;
}
