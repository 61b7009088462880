import type { Key } from "../../key-store/key.ts";
import type { Log } from "./logger.ts";
import { signingKey } from "./signing-key.ts";
import { watchFiles } from "./watched-files.ts";

/** The key that signs now. */
export interface WatchedSigningKey {
  current(): Key;
  stop(): void;
}

/**
 * The key that signs, of a set in a file that is changed under a running pod.
 *
 * @param secret name of the Secret it stands in.
 * @throws as {@link signingKey} the first time; later the last good one stays.
 */
export function watchSigningKey(file: string, secret: string, log: Log): WatchedSigningKey {
  const files = watchFiles({ jwks: file }, { log, check: ({ jwks }) => void signingKey(jwks, secret) });
  const read = (): Key => signingKey(files.current().jwks, secret);
  let key = read();
  files.onChange(() => (key = read()));
  return { current: () => key, stop: () => files.stop() };
}
