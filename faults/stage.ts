import type { Client } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { systemClock } from "../kube/clock.ts";
import type { Credentials } from "../kube/credentials.ts";
import { type Fault, FaultyProxy, type SeenRequest } from "../kube/testing/proxy.ts";
import type { Way } from "../kube/testing/way.ts";
import type { AuthoritySource } from "../operator/signer/authority.ts";
import type { ShardSigner } from "../operator/shard-signer.ts";
import type { SigningJwk } from "../operator/signing-key.ts";
import { startClusterControllers } from "./cluster-controllers.ts";
import { anonymous, type Corner, type Line, LINES, lensOf } from "./corner.ts";
import type { History } from "./historian.ts";
import { type StackPod, startStackPod } from "./stack-pod.ts";
import type { Subject, SubjectOptions, Variant } from "./subject.ts";

/** What all plans share. */
export interface Theatre {
  /** The API server's admin, past all faults. */
  readonly admin: Client;
  readonly credentials: Credentials;
  /** The way of all proxies to the server. */
  readonly way: Promise<Way>;
  readonly signer: ShardSigner;
  readonly signingKey: SigningJwk;
  readonly authority: AuthoritySource;
  /** The operator's program in one file, for plans that start it as a process. */
  readonly program: () => Promise<string>;
}

/** Starts the programs under test: in this process, or in one of their own. */
export type StartSubject = (options: SubjectOptions) => Promise<Subject>;

/** One write that went through a proxy: `hub PATCH …/partners/acme/status`, and the how manieth of that kind it was. */
export interface Write {
  readonly line: Line;
  readonly what: string;
  readonly nth: number;
  /** The phase in which it was sent. */
  readonly phase: string;
  /** Path with query, as it was sent. */
  readonly path: string;
  readonly method: string;
}

/** Leases and events are written all the time, and nothing hangs on any one of them. */
const CHATTER = /\/v\d\w*\/(namespaces\/[^/]+\/)?(leases|events)(\/|\?|$)/;

/** Between looks of the programs whether their clusters answer, in ms of the machine's clock. */
const PROBE = 300;

/** Where a scenario is played: a corner of the server, the programs behind their proxies, and what can go wrong. */
export class Stage {
  readonly corner: Corner;
  readonly history: History;
  readonly admin: Client;
  readonly writes: Write[] = [];
  /** Reads that a server may answer from an old cache; ours ask for the newest, so there are none. */
  readonly staleReads: string[] = [];
  readonly proxies: Readonly<Record<Line, FaultyProxy>>;
  readonly away: StackPod;
  readonly home: StackPod;
  /** Asked for every write; what it answers happens. */
  onWrite: (write: Write) => Fault | undefined = () => undefined;
  /** Asked for every other request. */
  onRead: (line: Line, seen: SeenRequest) => Fault | undefined = () => undefined;
  /** The phase that is played. */
  phase = "";
  /** What plans take for the time, beside the machine's clock, in ms. */
  clockAhead = 0;
  readonly #theatre: Theatre;
  readonly #variant: Variant;
  readonly #start: StartSubject;
  readonly #pace: Clock;
  readonly #probeMs: number;
  readonly #endControllers: () => Promise<void>;
  readonly #counts = new Map<string, number>();
  #lines: Readonly<Record<Line, string>> | undefined;
  #subject: Subject | undefined;
  #dead = false;
  #lasting = false;
  #reviving: Promise<void> | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(
    theatre: Theatre,
    corner: Corner,
    history: History,
    {
      start,
      variant,
      pace,
    }: { readonly start: StartSubject; readonly variant: Variant; readonly pace: number },
  ) {
    this.#theatre = theatre;
    this.#variant = variant;
    this.#start = start;
    this.#pace = fastClock(pace);
    // As often on every clock: a look is a request.
    this.#probeMs = PROBE * pace;
    this.corner = corner;
    this.history = history;
    this.admin = theatre.admin;
    const proxyOf = (line: Line): FaultyProxy => {
      const proxy = new FaultyProxy(theatre.credentials, theatre.way);
      proxy.address = lensOf(corner, line);
      proxy.fault = (seen) => this.#fault(line, seen);
      return proxy;
    };
    this.proxies = { hub: proxyOf("hub"), region: proxyOf("region"), csr: proxyOf("csr") };
    const { token } = corner;
    const podOf = (group: string): StackPod =>
      startStackPod(history, theatre.admin, { group, token, signer: theatre.signer });
    this.away = podOf(corner.away);
    this.home = podOf(corner.home);
    this.#endControllers = startClusterControllers(history, theatre.admin, corner.away);
  }

  /** Starts the programs. */
  async start(): Promise<void> {
    const [hub, region, csr] = await Promise.all(LINES.map((line) => this.proxies[line].start()));
    this.#lines = { hub: hub ?? "", region: region ?? "", csr: csr ?? "" };
    this.#subject = await this.#started();
  }

  /** One more of the same programs beside the first; by way of a proxy of its own where its writes are to be told apart. */
  another(hub?: string): Promise<Subject> {
    return this.#started("another", hub);
  }

  /** A further proxy to the hub. */
  secondProxy(): FaultyProxy {
    const proxy = new FaultyProxy(this.#theatre.credentials, this.#theatre.way);
    proxy.address = lensOf(this.corner, "hub");
    return proxy;
  }

  /** The programs as they run now. */
  get subject(): Subject | undefined {
    return this.#subject;
  }

  /** Something goes on that the end of a run waits for. */
  busy(work: Promise<void>): void {
    const told = work.catch((error: unknown) => this.found.push(String(error)));
    this.#busy = Promise.all([this.#busy, told]);
  }

  /** A fault that goes on until this work is done. */
  lasting(work: Promise<void>): void {
    this.#lasting = true;
    this.busy(work.finally(() => (this.#lasting = false)));
  }

  /** Whether a fault goes on that has not ended yet. */
  get faulty(): boolean {
    return this.#lasting;
  }

  /** What was found on the way that must not be. */
  readonly found: string[] = [];

  /** Whether the programs are down at the moment. */
  get down(): boolean {
    return this.#dead;
  }

  /** The programs die now: whatever is on its way breaks, and nothing of them reaches the server any more. */
  crash(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#subject?.signal?.("SIGKILL");
    for (const line of LINES) this.proxies[line].breakWatches("reset");
  }

  /** Starts the programs anew after a {@link crash}; nothing happens when they run. */
  async revive(): Promise<void> {
    if (!this.#dead) return;
    this.#reviving ??= (async () => {
      await this.#subject?.stop();
      this.#dead = false;
      this.#subject = await this.#started();
      this.#reviving = undefined;
    })();
    await this.#reviving;
  }

  /** Ends the programs as SIGTERM does and starts them anew. */
  restart(): Promise<void> {
    const restarting = (async () => {
      await this.#subject?.stop();
      this.#subject = await this.#started();
    })();
    this.busy(restarting);
    return restarting;
  }

  async stop(): Promise<void> {
    await this.#busy;
    await this.#reviving;
    await this.#subject?.stop();
    await Promise.all([this.away.stop(), this.home.stop(), this.#endControllers()]);
    await Promise.all(LINES.map((line) => this.proxies[line].stop()));
  }

  #started(identity = "operator", hub?: string): Promise<Subject> {
    if (!this.#lines) throw new Error("The stage's proxies are not started.");
    const { signer, signingKey, authority, admin, program } = this.#theatre;
    const clock = { ...systemClock, now: () => new Date(Date.now() + this.clockAhead) };
    return this.#start({
      corner: this.corner,
      lines: hub === undefined ? this.#lines : { ...this.#lines, hub },
      signer,
      signingKey,
      authority,
      admin,
      program,
      identity,
      clock,
      pace: this.#pace,
      probeMs: this.#probeMs,
      variant: this.#variant,
    });
  }

  #fault(line: Line, seen: SeenRequest): Fault | undefined {
    if (this.#dead) return "reset";
    const read = seen.method === "GET";
    if (read && !seen.isWatch && seen.path.includes("resourceVersion=")) this.staleReads.push(seen.path);
    if (read || CHATTER.test(seen.path)) return this.onRead(line, seen);
    const what = `${line} ${seen.method} ${anonymous(seen.path.replace(/\?.*/, ""), this.corner)}`;
    const nth = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, nth);
    const write: Write = { line, what, nth, phase: this.phase, path: seen.path, method: seen.method };
    this.writes.push(write);
    return this.onWrite(write);
  }
}

/** A clock that runs so many times as fast as the machine's. */
function fastClock(factor: number): Clock {
  if (factor === 1) return systemClock;
  return {
    now: () => systemClock.now(),
    monotonic: () => performance.now() * factor,
    after: (ms, callback) => systemClock.after(ms / factor, callback),
  };
}
