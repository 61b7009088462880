import type { Fault } from "../kube/testing/proxy.ts";
import { LINES } from "./corner.ts";
import type { Stage, Write } from "./stage.ts";

/** One way in which something goes wrong at a write. */
export interface FaultClass {
  /** In verdicts and in the names of plans. */
  readonly name: string;
  /** Items of the catalogue that it tests. */
  readonly rel: string;
  /** How long the fault itself lasts, in ms; liveness counts from its end. */
  readonly lasts: number;
  /** How many times as fast as the machine's clock watches, probes and back-off wait. Default 1. */
  readonly pace?: number;
  /** Whether the undisturbed run's numbers of creations and deletions can be expected. Default true. */
  readonly sameCounts?: boolean;
  /** Nearly all of its time is spent waiting, so that its plans are played beside those that work. */
  readonly sleeps?: boolean;
  /** Plans that a sample has of it for one of another class. Default 1. */
  readonly share?: number;
  /** The programs stay down until the next change was made. */
  readonly staysDown?: boolean;
  /** Called once, when the write of the plan comes by. */
  readonly strike: (stage: Stage, write: Write) => Fault | undefined;
}

const status = (code: number, reason: string, headers?: Record<string, string>): Fault => ({
  answer: code,
  body: {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason,
    code,
    message: `${reason}, says the harness`,
  },
  ...(headers ? { headers } : {}),
});

const GONE = {
  type: "ERROR",
  object: { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Expired", code: 410 },
};

const crashing = (stage: Stage, when: "before" | "after"): Fault => ({ when, strike: () => stage.crash() });

/** Does something now, and undoes it after a while. */
function during(ms: number, begin: () => void, end: () => void): undefined {
  begin();
  setTimeout(end, ms);
}

/** Answers every request of every line in one way for a while; open watches break. */
function outage(stage: Stage, ms: number): Fault {
  const { onWrite, onRead } = stage;
  during(
    ms,
    () => {
      stage.onWrite = () => "reset";
      stage.onRead = () => "reset";
      for (const line of LINES) stage.proxies[line].breakWatches("reset");
    },
    () => Object.assign(stage, { onWrite, onRead }),
  );
  return "reset";
}

/** Plural and subresource of a path: what RBAC and discovery speak of. */
function resourceOf(path: string): string {
  return path
    .replace(/\?.*/, "")
    .replace(/^\/apis?(\/[^/]+)?\/v[^/]+\//, "")
    .replace(/^namespaces\/[^/]+\/(?=.)/, "")
    .replace(/^([^/]+).*/, "$1");
}

/** Answers what concerns the write's kind in one way for a while. */
function without(stage: Stage, { line, path, method }: Write, ms: number, fault: Fault, all: boolean): Fault {
  const { onWrite, onRead } = stage;
  const kind = resourceOf(path);
  during(
    ms,
    () => {
      stage.onWrite = (write) =>
        write.line === line && resourceOf(write.path) === kind && (all || write.method === method)
          ? fault
          : onWrite(write);
      if (!all) return;
      stage.onRead = (from, seen) => (from === line && resourceOf(seen.path) === kind ? fault : undefined);
      stage.proxies[line].breakWatches("end");
    },
    () => Object.assign(stage, { onWrite, onRead }),
  );
  return fault;
}

/** Every way that the harness knows; each meets every write of the learn run. */
export const FAULT_CLASSES: readonly FaultClass[] = [
  { name: "crash before", rel: "REL-01", lasts: 0, strike: (stage) => crashing(stage, "before") },
  { name: "crash after", rel: "REL-01", lasts: 0, strike: (stage) => crashing(stage, "after") },
  {
    name: "crash after, changed while down",
    rel: "REL-01",
    lasts: 0,
    sameCounts: false,
    staysDown: true,
    strike: (stage) => crashing(stage, "after"),
  },
  {
    name: "SIGTERM",
    rel: "REL-32",
    lasts: 0,
    strike(stage) {
      void stage.restart();
      return undefined;
    },
  },
  {
    name: "two at once",
    rel: "REL-11",
    lasts: 500,
    strike(stage) {
      // Before the first has stopped the second begins: the moment that a lease cannot rule out.
      const second = stage.another();
      setTimeout(() => void second.then((subject) => subject.stop()), 500);
      return undefined;
    },
  },
  { name: "reset", rel: "REL-09", lasts: 0, strike: () => "reset" },
  { name: "answer lost", rel: "REL-09", lasts: 0, strike: () => "lose answer" },
  { name: "answer cut", rel: "REL-09", lasts: 0, strike: () => "cut answer" },
  { name: "no answer", rel: "REL-09", lasts: 6_000, strike: () => "hang" },
  { name: "409", rel: "REL-07", lasts: 0, strike: () => status(409, "Conflict") },
  { name: "429", rel: "REL-08", lasts: 0, strike: () => status(429, "TooManyRequests") },
  {
    name: "429, Retry-After",
    rel: "REL-08",
    lasts: 1_000,
    strike: () => status(429, "TooManyRequests", { "retry-after": "1" }),
  },
  { name: "500", rel: "REL-09", lasts: 0, strike: () => status(500, "InternalError") },
  { name: "503", rel: "REL-09", lasts: 0, strike: () => status(503, "ServiceUnavailable") },
  { name: "server down 1 s", rel: "REL-02", lasts: 1_000, strike: (stage) => outage(stage, 1_000) },
  {
    name: "server down 30 s",
    rel: "REL-02",
    lasts: 1_500,
    pace: 20,
    strike: (stage) => outage(stage, 1_500),
  },
  {
    name: "watches stall",
    rel: "REL-03",
    lasts: 75_000 / 20,
    pace: 20,
    strike(stage, { line }) {
      stage.proxies[line].breakWatches("stall");
      return undefined;
    },
  },
  {
    name: "410 storm",
    rel: "REL-04",
    lasts: 500,
    strike(stage, { line }) {
      const storm = setInterval(() => stage.proxies[line].breakWatches({ event: GONE }), 50);
      setTimeout(() => clearInterval(storm), 500);
      return undefined;
    },
  },
  {
    name: "watches end",
    rel: "REL-04",
    lasts: 0,
    strike(stage, { line }) {
      stage.proxies[line].breakWatches("end");
      return undefined;
    },
  },
  {
    name: "events twice",
    rel: "REL-05",
    lasts: 500,
    strike: (stage, { line }) =>
      during(
        500,
        () => (stage.proxies[line].event = () => "twice"),
        () => (stage.proxies[line].event = undefined),
      ),
  },
  {
    name: "events missed",
    rel: "REL-05",
    lasts: 300,
    strike: (stage, { line }) =>
      during(
        300,
        () =>
          (stage.proxies[line].event = ({ path }) =>
            path.includes("sendInitialEvents") ? undefined : "drop"),
        () => {
          stage.proxies[line].event = undefined;
          stage.proxies[line].breakWatches({ event: GONE });
        },
      ),
  },
  {
    name: "stale watches",
    rel: "REL-06",
    lasts: 500,
    strike: (stage, { line }) =>
      during(
        500,
        () => stage.proxies[line].holdWatches(),
        () => stage.proxies[line].releaseWatches(),
      ),
  },
  {
    name: "right revoked 1 s",
    rel: "REL-15",
    lasts: 1_000,
    strike: (stage, write) => without(stage, write, 1_000, status(403, "Forbidden"), false),
  },
  {
    name: "kind gone 1 s",
    rel: "REL-16",
    lasts: 1_000,
    strike: (stage, write) => without(stage, write, 1_000, { answer: 404, body: "404 page not found" }, true),
  },
  {
    name: "clock +1 h",
    rel: "REL-13",
    lasts: 500,
    strike: (stage) =>
      during(
        500,
        () => (stage.clockAhead = 3_600_000),
        () => (stage.clockAhead = 0),
      ),
  },
  {
    name: "clock -1 h",
    rel: "REL-13",
    lasts: 500,
    strike: (stage) =>
      during(
        500,
        () => (stage.clockAhead = -3_600_000),
        () => (stage.clockAhead = 0),
      ),
  },
];
