/** What a request may set beside its object. */
export interface RequestOptions {
  /** Deadline, retries included, in ms. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Asked in the moment before the request is put on the wire, each time; throws to end it there, unsent. */
  readonly maySend?: (() => void) | undefined;
}

/** Which objects of a kind. No namespace means all of them. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Only `metadata` travels; the objects have no spec and no status. */
  readonly metadataOnly?: boolean | undefined;
}

export interface ListOptions extends Selection, RequestOptions {
  /** Objects per page. Default 500. */
  readonly limit?: number | undefined;
  /** "0" accepts any age from the server's cache; absent is the newest. */
  readonly resourceVersion?: string | undefined;
  /** Only the first page: `items` is then incomplete. */
  readonly firstPageOnly?: boolean | undefined;
}

export interface List<T> {
  readonly items: readonly T[];
  /** Watch from here. */
  readonly resourceVersion: string;
}

export interface WriteOptions extends RequestOptions {
  /** Who owns the fields that are set. Required by `apply`. */
  readonly fieldManager?: string | undefined;
  /** Checked and answered as if done, but not stored. */
  readonly dryRun?: boolean | undefined;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** True takes fields from other managers; false (default) throws a Conflict that names them (`conflictsOf`). */
  readonly force?: boolean | undefined;
  /** `status`, `scale` …; absent: the object itself. */
  readonly subresource?: string | undefined;
}

export interface DeleteOptions extends RequestOptions {
  /** Deletes only the object with this UID: a successor of the same name is a Conflict. */
  readonly uid?: string | undefined;
  /** Deletes only what was seen: any change since is a Conflict. */
  readonly resourceVersion?: string | undefined;
  /** What happens to dependents. Default `Background`. */
  readonly propagation?: "Background" | "Foreground" | "Orphan" | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion?: string | undefined;
  /** The server ends the watch after this long. Default 300 s. */
  readonly timeoutSeconds?: number | undefined;
  /** Silence after which the connection counts as dead, in ms. Default: the server's time and 5 s. */
  readonly idleMs?: number | undefined;
  /** Begin with all present objects, then a bookmark annotated `k8s.io/initial-events-end` (WatchList). */
  readonly sendInitialEvents?: boolean | undefined;
  /** Called when the server has begun to answer: from now on every change comes, though it may be long till the first. */
  readonly onOpen?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a partial change is written. */
export type Patch =
  /** RFC 7396: sets the members given, null removes. */
  | { readonly merge: unknown }
  /** RFC 6902: a list of operations. Not repeated after a broken connection, since operations may add up. */
  | { readonly json: readonly unknown[] };

/** What an apply came to. `created` is the server's 201: nothing was there before. */
export interface Applied<T> {
  readonly object: T;
  readonly created: boolean;
}
