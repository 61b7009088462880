import type { Dispatcher } from "undici";

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly text: string;
}

/** A request on its way. */
export interface Exchange {
  /** Rejects with undici's error, or at once with what {@link abort} was given. */
  readonly answer: Promise<Answer>;
  /** Breaks the connection; what still waits for one is never sent. */
  abort(reason: Error): void;
}

/**
 * Sends one request and gathers its whole answer.
 *
 * `maySend` is asked when a connection is there and the request is about to be written to it: between the call and that
 * moment a connection may have to be waited for, and a process may have slept. What it throws is the answer.
 *
 * Undici's `request` makes a stream of every answer and listens to a signal for it, which costs more than all else
 * that is done here with an answer of a few kilobytes.
 */
export function exchange(
  pool: Dispatcher,
  options: Dispatcher.DispatchOptions,
  maySend: () => void = () => {},
): Exchange {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const chunks: Buffer[] = [];
  let head: Pick<Answer, "status" | "headers"> = { status: 0, headers: {} };
  let aborted: Error | undefined;
  let controller: Dispatcher.DispatchController | undefined;
  pool.dispatch(options, {
    onRequestStart(started) {
      controller = started;
      try {
        if (aborted) throw aborted;
        maySend();
      } catch (reason) {
        abort(reason as Error);
      }
    },
    onResponseStart(_controller, status, headers) {
      head = { status, headers };
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      resolve({ ...head, text: Buffer.concat(chunks).toString() });
    },
    onResponseError(_controller, error) {
      reject(error);
    },
  });
  const abort = (reason: Error): void => {
    aborted = reason;
    controller?.abort(reason);
    reject(reason);
  };
  return { answer: promise, abort };
}
