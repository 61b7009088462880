/** A message of a stream. */
export interface StreamMessage {
  readonly topic: string;
  /** Messages of one key keep their order. */
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Somewhere that others read what happened from. */
export interface Stream {
  /**
   * Appends messages in their order.
   *
   * @throws when it is not certain that all of them are kept; they may be all the same, and come again then.
   */
  append(messages: readonly StreamMessage[]): Promise<void>;
  close(): Promise<void>;
}
