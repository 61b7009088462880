import { Gauge, type Registry } from "prom-client";
import { type Client, type ClientOptions, createClient } from "../kube/client.ts";
import { type Clock, systemClock } from "../kube/clock.ts";
import type { Credentials } from "../kube/credentials.ts";
import { EventRecorder } from "../kube/event-recorder.ts";
import { LeaderElection } from "../kube/lease.ts";
import type { Logger } from "../kube/logger.ts";
import { kitMetrics } from "../kube/metrics.ts";
import { statusEvents } from "../kube/status-events.ts";
import type { OperatorConfig } from "./config.ts";
import { partners } from "../crds/resources.ts";
import { consentPolicyEvents } from "./consent-policy/events.ts";
import { partnerMetrics } from "./partner/metrics.ts";
import { startReconciliation } from "./reconciliation.ts";
import type { ShardSigner } from "./shard-signer.ts";
import { keyStoreFrom } from "./signer/key-store.ts";
import { loadShardSigner } from "./signing-key.ts";
import { storedShardSigner } from "./stored-signing-key.ts";

export interface OperatorOptions {
  readonly config: OperatorConfig;
  /** The hub, as the operator's own account. */
  readonly credentials: Credentials;
  /** This process, unique among the replicas: the pod's name. */
  readonly identity: string;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Of the process: says where its key is, when that is in a store. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Ends waiting for a store that is away. Default: nothing does. */
  readonly signal?: AbortSignal | undefined;
  /** What time it is, for plans. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** A running operator. */
export interface Operator {
  /** Why it is not ready, for people; a region that is away is no reason. */
  problems(): readonly string[];
  leads(): boolean;
  /** Finishes what is in work and gives the lead up. */
  stop(): Promise<void>;
}

/** Name of the Lease, and of the election in metrics. */
const LEASE = "wekeza-operator";

/**
 * Starts the operator: watches from the start, writes while it leads.
 *
 * @throws KubeError when the hub cannot be reached; KeyStoreError when its key is in a store that never told of it; the
 * signal's reason.
 */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { config, credentials, identity, logger, registry, clock = systemClock } = options;
  const { namespaces } = config;
  const metrics = kitMetrics(registry);
  const client: ClientOptions = {
    userAgent: "wekeza-operator",
    onRequest: (outcome) => metrics.request(outcome),
  };
  const hub = createClient(credentials, client);
  // A connection of its own: a queue of applies must never cost the lead.
  const electionClient = createClient(credentials, client);
  const signer = await signerOf(options, hub).catch(async (error: unknown) => {
    await Promise.all([hub.close(), electionClient.close()]);
    throw error;
  });
  signingMetrics(registry, signer);

  const election = new LeaderElection({
    client: electionClient,
    key: { namespace: namespaces.system, name: LEASE },
    identity,
    logger,
    onChange(leads) {
      logger.info({ identity, leads }, "leadership changed");
      metrics.leading(LEASE, leads);
      work.lead(leads);
    },
  });
  const events = new EventRecorder({
    client: hub,
    controller: "openbanking.wekeza.io/operator",
    instance: identity,
    logger,
  });
  const work = await startReconciliation({
    config,
    hub,
    client,
    signer,
    logger,
    metrics,
    clock,
    identity,
    mayWrite: () => election.held(),
    onStale: (resource) => metrics.stale(resource),
    onStatus: (owner, before) =>
      [...statusEvents(owner, before), ...consentPolicyEvents(owner, before)].forEach((event) =>
        events.record(event),
      ),
    onConflict: ({ target, managers }) =>
      logger.warn({ object: target.object.metadata.name, managers: [...managers] }, "fields taken back"),
  });
  partnerMetrics(
    registry,
    () => work.home.cache(partners)?.list() ?? [],
    () => clock.now(),
  );
  let stopped = false;
  void work.whole.then(() => {
    if (!stopped) election.start();
  });
  return {
    problems: () => work.home.problems(),
    leads: () => election.held(),
    async stop() {
      stopped = true;
      await work.rest();
      await events.flush();
      await election.stop();
      await work.close();
      await signer.stop();
      await electionClient.close();
    },
  };
}

/** Who signs for stacks: by the key in the store that the process is told of, or in its Secret. */
function signerOf(
  { config, env = {}, registry, logger: log, signal }: OperatorOptions,
  hub: Client,
): Promise<ShardSigner> {
  const { system } = config.namespaces;
  const store = keyStoreFrom(env);
  if (store === undefined) return loadShardSigner(hub, system);
  return storedShardSigner(hub, system, store, { env, registry, log, ...(signal ? { signal } : {}) });
}

/** Registers `wekeza_signing_down_seconds`: suspensions and revocations wait while it is above 0. */
function signingMetrics(registry: Registry, signer: ShardSigner): void {
  new Gauge({
    name: "wekeza_signing_down_seconds",
    help: "Since when nothing can be signed for stacks, suspensions and revocations included; 0 while all is well.",
    registers: [registry],
    collect() {
      const { since } = signer.trouble() ?? {};
      this.set(since === undefined ? 0 : (systemClock.monotonic() - since) / 1000);
    },
  });
}
