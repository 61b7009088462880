import { createClient } from "../kube/client.ts";
import type { Client } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { Clusters } from "../kube/clusters.ts";
import { ControllerRunner } from "../kube/controller-runner.ts";
import { staticCredentials } from "../kube/credentials.ts";
import { Driver } from "../kube/driver.ts";
import { silent } from "../kube/logger.ts";
import { HOME, type Controller } from "../kube/plan.ts";
import { resourceTable } from "../kube/resources.ts";
import { approver } from "../operator/approver/approver.ts";
import { consentPolicyController } from "../operator/consent-policy/controller.ts";
import { consentPolicyWakes } from "../operator/consent-policy/wakes.ts";
import { PARTNER_SIGNER } from "../operator/csr/names.ts";
import { CsrWorker } from "../operator/csr/worker.ts";
import { FINALIZER, madeForNamesake, MARKS } from "../operator/marks.ts";
import { partnerController } from "../operator/partner/controller.ts";
import { partnerWakes } from "../operator/partner/wakes.ts";
import { RosterKeeper } from "../operator/roster/keeper.ts";
import { watchForPartners } from "../operator/signed/watches.ts";
import type { AuthoritySource } from "../operator/signer/authority.ts";
import { partnerSigner } from "../operator/signer/signer.ts";
import type { ShardSigner } from "../operator/shard-signer.ts";
import type { SigningJwk } from "../operator/signing-key.ts";
import type { Corner, Line } from "./corner.ts";

/** What a subject is started with. */
export interface SubjectOptions {
  readonly corner: Corner;
  /** Addresses of the three proxies. */
  readonly lines: Readonly<Record<Line, string>>;
  readonly signer: ShardSigner;
  /** What {@link signer} signs with. */
  readonly signingKey: SigningJwk;
  readonly authority: AuthoritySource;
  /** The API server's admin, past all faults. */
  readonly admin: Client;
  /** Path of the operator's program in one file. */
  readonly program: () => Promise<string>;
  /** Unique among programs that run at the same time. */
  readonly identity: string;
  /** What plans take for the time. */
  readonly clock: Clock;
  /** By which watches, probes and back-off wait; a fast one makes minutes of silence short. */
  readonly pace: Clock;
  /** Between looks whether a cluster answers, by {@link pace}, in ms. */
  readonly probeMs: number;
  /** Parts of the program to replace by wrong ones. */
  readonly variant: Variant;
}

/** A program that differs from ours in one thing; the harness must notice. */
export interface Variant {
  readonly client?: (client: Client, line: Line) => Client;
  readonly partner?: (controller: AnyController, clusters: Clusters) => AnyController;
  readonly driver?: "without finalizer";
  readonly signer?: (signer: ShardSigner) => ShardSigner;
  /** After everything was built, before it works. */
  readonly started?: (clusters: Clusters) => void;
}

/** Any controller; a variant does not care of what. */
export type AnyController = ReturnType<typeof partnerController>;

/** The programs under test, running in this process. */
export interface Subject {
  /** To a process of its own; programs in this one are cut off from the server instead. */
  readonly signal?: (name: NodeJS.Signals) => void;
  /** Whether it holds the lease; what runs in this process leads from its start. */
  readonly leads?: () => Promise<boolean>;
  /** As SIGTERM does it: what is in work is finished first. */
  stop(): Promise<void>;
}

/** What the signer and the approver demand of a request; behind a proxy everybody is the API server's `admin`. */
const CERTIFICATES = { zone: "partners.openbanking.test", requester: "admin" };

/** Starts what serves Partners: controllers, roster keeper, approver and signer. Resolves before it has seen anything. */
export async function startSubject(options: SubjectOptions): Promise<Subject> {
  const { corner, lines, authority, clock, pace, probeMs, variant, identity } = options;
  const connect = (line: Line): Client => {
    const credentials = staticCredentials({ server: lines[line] });
    const client = createClient(credentials, { userAgent: line, timeoutMs: 6_000, attemptMs: 2_000 });
    return variant.client?.(client, line) ?? client;
  };
  const signer = variant.signer?.(options.signer) ?? options.signer;
  const clusters = new Clusters({ probeMs, clock: pace });
  watchForPartners(clusters, MARKS);
  const driver = new Driver({
    ...MARKS,
    clusters,
    clock,
    resources: resourceTable(),
    adopt: madeForNamesake,
    ...(variant.driver === "without finalizer" ? {} : { finalizer: FINALIZER }),
  });
  const ours = partnerController({ clusters, signer, marks: MARKS, clock });
  const controller = variant.partner?.(ours, clusters) ?? ours;
  const shared = { driver, clusters, marks: MARKS };
  const runners = [
    new ControllerRunner({ ...shared, controller, wakes: partnerWakes(clusters) }),
    new ControllerRunner({
      ...shared,
      controller: consentPolicyController({ clusters, clock }) as Controller<never, never, never, never>,
      wakes: consentPolicyWakes(clusters),
    }),
  ];
  const keeper = new RosterKeeper({ clusters, signer, marks: MARKS, clock, logger: silent, identity });
  await clusters.engage(HOME, connect("hub"));
  await clusters.engage(corner.away, connect("region"));
  variant.started?.(clusters);
  for (const part of [...runners, keeper]) part.lead(true);

  const client = connect("csr");
  const workers = startCsrWorkers(client, authority, pace);
  return {
    async stop() {
      // Together, as when a process ends: what is on its way fails instead of being repeated.
      const parts = [...runners, keeper, workers].map((each) => each.stop());
      await Promise.all([...parts, clusters.stop(), client.close()]);
    },
  };
}

/** Starts approver and signer, which share a client. */
export function startCsrWorkers(
  client: Client,
  authority: AuthoritySource,
  clock: Clock,
): { stop: () => Promise<void> } {
  const tools = { client, logger: silent, count: () => {} };
  const visits = [approver(CERTIFICATES)(tools), partnerSigner(CERTIFICATES, authority)(tools)];
  const workers = visits.map(
    (visit) => new CsrWorker({ client, signerName: PARTNER_SIGNER, logger: silent, visit, clock }),
  );
  for (const each of workers) each.start();
  return {
    stop: async () => {
      await Promise.all(workers.map((each) => each.stop()));
    },
  };
}
