import type { IncomingMessage } from "node:http";

/** Bytes a request's body may have. */
export const BODY_LIMIT = 1_048_576;

/** The body of a request that has one; `TooLarge` as soon as it is known to be; `Aborted` when the partner went away. */
export function readBody(
  request: IncomingMessage,
  limit = BODY_LIMIT,
): Promise<Buffer | "TooLarge" | "Aborted"> {
  if (Number(request.headers["content-length"] ?? 0) > limit) return Promise.resolve("TooLarge");
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      request.removeAllListeners("data");
      request.pause();
      resolve("TooLarge");
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", () => resolve("Aborted"));
    request.once("close", () => resolve("Aborted"));
  });
}

/** Whether a request carries a body (RFC 9112 section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
