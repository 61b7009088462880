import type { ShardTrust } from "../crds/shard.ts";
import type { Key } from "../key-store/key.ts";
import { Listeners } from "../key-store/listeners.ts";
import { type Clock, type Stop, systemClock } from "../kube/clock.ts";

/** Signs what stacks are told about their partners. */
export interface ShardSigner {
  /** Public keys that stacks are given to verify with. */
  readonly trust: ShardTrust;
  /** The id of the one that signs. */
  readonly kid: string;
  /**
   * A detached JWS over the text (RFC 7515 appendix F), EdDSA. The same text always gives the same signature.
   *
   * @throws KeyStoreError when the key is in a store that gives none.
   */
  sign(payload: string): Promise<string>;
  /** Why nothing can be signed since when, in monotonic ms; undefined while all is well. */
  trouble(): Trouble | undefined;
  /** Calls back when trouble begins and when it ends. */
  onTrouble(listener: () => void): Stop;
  /** Lets go of the store. */
  stop(): Promise<void>;
}

/** Nothing can be signed. */
export interface Trouble {
  readonly since: number;
  readonly error: Error;
}

/** While there is trouble the store is asked this often, in ms, for all who wait: they hear what it said last. */
const ASK_AGAIN = 2_000;

/** A signer whose key is wherever it is. */
export function shardSignerWith(
  key: Key,
  trust: ShardTrust,
  { clock = systemClock, stop = async () => {} }: { readonly clock?: Clock; readonly stop?: Stopping } = {},
): ShardSigner {
  const header = base64url(JSON.stringify({ alg: "EdDSA", kid: key.id }));
  const signature = (payload: string): Promise<Buffer> =>
    key.sign(Buffer.from(`${header}.${base64url(payload)}`));
  const listeners = new Listeners();
  let trouble: Trouble | undefined;
  let cancel: Stop | undefined;
  let stopped = false;
  const begin = (error: Error): void => {
    if (trouble || stopped) return;
    trouble = { since: clock.monotonic(), error };
    cancel = clock.after(ASK_AGAIN, () => void askAgain());
    listeners.tell();
  };
  /** Asks for a signature over nothing, which nobody is shown. */
  const askAgain = async (): Promise<void> => {
    try {
      await signature("");
    } catch (error) {
      if (trouble) trouble = { ...trouble, error: errorOf(error) };
      if (!stopped) cancel = clock.after(ASK_AGAIN, () => void askAgain());
      return;
    }
    trouble = undefined;
    listeners.tell();
  };
  return {
    trust,
    kid: key.id,
    async sign(payload) {
      if (trouble) throw trouble.error;
      try {
        return `${header}..${(await signature(payload)).toString("base64url")}`;
      } catch (error) {
        begin(errorOf(error));
        throw error;
      }
    },
    trouble: () => trouble,
    onTrouble: (listener) => listeners.add(listener),
    stop() {
      stopped = true;
      cancel?.();
      return stop();
    },
  };
}

const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

type Stopping = () => Promise<void>;

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
