import type { Writable } from "node:stream";

/** One call, as the log keeps it. Every text in it is one of ours or was checked: nothing has to be escaped. */
export interface AccessRecord {
  readonly time: number;
  readonly interactionId: string;
  readonly clientId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly refusal: string;
  readonly consentId: string;
  readonly durationMs: number;
  readonly upstreamMs: number;
}

/** Lines on their way to an output. */
export interface AccessLog {
  write(record: AccessRecord): void;
  /** Writes what is waiting. */
  flush(): void;
  stop(): void;
}

/** Lines are written together: at so many characters, or after so many ms. A line alone costs as much as the checks. */
const CHARACTERS = 65_536;
const DELAY_MS = 100;

/** A log of calls in JSON lines, beside the log of decisions. */
export function createAccessLog(output: Pick<Writable, "write">): AccessLog {
  let waiting = "";
  const flush = (): void => {
    if (waiting === "") return;
    output.write(waiting);
    waiting = "";
  };
  const timer = setInterval(flush, DELAY_MS);
  timer.unref();
  return {
    write(record) {
      waiting += line(record);
      if (waiting.length >= CHARACTERS) flush();
    },
    flush,
    stop() {
      clearInterval(timer);
      flush();
    },
  };
}

const SAFE = /^[A-Za-z0-9._:-]*$/;

function line(record: AccessRecord): string {
  const consent = SAFE.test(record.consentId) ? record.consentId : "unprintable";
  return (
    `{"level":"info","time":"${new Date(record.time).toISOString()}","service":"gateway","msg":"call"` +
    `,"interactionId":"${record.interactionId}","clientId":"${record.clientId}","method":"${record.method}"` +
    `,"route":"${record.route}","status":${record.status},"refusal":"${record.refusal}","consentId":"${consent}"` +
    `,"durationMs":${record.durationMs.toFixed(2)},"upstreamMs":${record.upstreamMs.toFixed(2)}}\n`
  );
}
