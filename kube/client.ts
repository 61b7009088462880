import type { Credentials } from "./credentials.ts";
import { isExpired, isKindMissing, isNotFound } from "./error.ts";
import type { KubeObject, ObjectKey, Resource } from "./object.ts";
import { keyOf } from "./object.ts";
import { pathOf } from "./path.ts";
import type {
  Applied,
  ApplyOptions,
  DeleteOptions,
  List,
  ListOptions,
  Patch,
  RequestOptions,
  WatchOptions,
  WriteOptions,
} from "./request-options.ts";
import type { RequestOutcome, TransportRequest, TransportResponse } from "./transport-request.ts";
import { Transport } from "./transport.ts";
import type { WatchEvent } from "./watch-stream.ts";
import { watchStream } from "./watch-stream.ts";

/** One cluster's API, as one identity. Every failure is a `KubeError`. */
export interface Client {
  /** Host and port, for messages and metrics. */
  readonly host: string;
  /** The namespace meant when none is given, if the credentials name one. */
  readonly namespace: string | undefined;
  /** The object, or undefined when there is none. A missing kind throws (`isKindMissing`). */
  get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: RequestOptions,
  ): Promise<T | undefined>;
  /** All objects selected, page by page. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<List<T>>;
  /** @throws KubeError AlreadyExists. Not repeated after a broken connection: the object may exist then. */
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Server-side apply: the fields given are set, those given before and no longer are removed. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<Applied<T>>;
  /** Server-side apply of `status`. */
  applyStatus<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;
  /** Replaces the whole object; with `resourceVersion` in it only if nobody changed it since. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions & { readonly subresource?: string | undefined },
  ): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options?: WriteOptions & { readonly subresource?: string | undefined },
  ): Promise<T>;
  /** Asks for deletion: `gone` at once, `terminating` until its finalizers are done; undefined when there was nothing. */
  delete<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<"gone" | "terminating" | undefined>;
  /**
   * One watch connection: ends when the server ends it, throws when it breaks, stalls (`Stalled`) or the version is
   * too old (`isExpired`, both as an answer and as an event). For a watch that lives on, use `Reflector`.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Creates through a subresource: `token` of a ServiceAccount, `eviction` of a Pod. */
  createSubresource<T>(
    resource: Resource<KubeObject>,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options?: WriteOptions,
  ): Promise<T>;
  /** Anything else. */
  raw(request: TransportRequest): Promise<TransportResponse>;
  close(): Promise<void>;
}

export interface ClientOptions {
  /** Shows in audit logs: name and version of the program. */
  readonly userAgent: string;
  /** Deadline of a request, retries included, in ms. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Deadline of one attempt of a request that can be repeated, in ms. Default 10 s. */
  readonly attemptMs?: number | undefined;
  /** Connections for ordinary requests; watches have their own. Default 16. */
  readonly connections?: number | undefined;
  readonly random?: (() => number) | undefined;
  /** Called after every attempt; `clientMetrics(registry)` gives one. */
  readonly onRequest?: ((outcome: RequestOutcome) => void) | undefined;
}

const METADATA = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/** A client of one cluster. No request rate limit: the server's priority and fairness decides, 429 is obeyed. */
export function createClient(credentials: Credentials, options: ClientOptions): Client {
  const transport = new Transport(credentials, {
    userAgent: options.userAgent,
    timeoutMs: options.timeoutMs ?? 30_000,
    attemptMs: options.attemptMs ?? 10_000,
    connections: options.connections ?? 16,
    random: options.random ?? Math.random,
    onRequest: options.onRequest,
  });
  const send = async <T>(request: TransportRequest): Promise<T> =>
    (await transport.request(request)).body as T;
  const written = ({ fieldManager, dryRun }: WriteOptions) => ({
    fieldManager,
    dryRun: dryRun ? "All" : undefined,
    fieldValidation: "Strict",
  });

  const applied = async <T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    { force, subresource, timeoutMs, signal, maySend, ...write }: ApplyOptions,
  ): Promise<Applied<T>> => {
    const { status, body } = await transport.request({
      method: "PATCH",
      verb: "apply",
      path: pathOf(
        resource,
        { ...keyOf(object), subresource },
        { ...written(write), force: force ? true : undefined },
      ),
      body: object,
      contentType: "application/apply-patch+yaml",
      repeatable: true,
      timeoutMs,
      signal,
      maySend,
    });
    return { object: body as T, created: status === 201 };
  };

  return {
    host: transport.host,
    namespace: credentials.namespace,

    async get<T extends KubeObject>(
      resource: Resource<T>,
      key: ObjectKey,
      { timeoutMs, signal }: RequestOptions = {},
    ) {
      try {
        return await send<T>({
          method: "GET",
          path: pathOf(resource, key),
          repeatable: true,
          timeoutMs,
          signal,
        });
      } catch (error) {
        if (isNotFound(error) && !isKindMissing(error)) return undefined;
        throw error;
      }
    },

    async list<T extends KubeObject>(resource: Resource<T>, wanted: ListOptions = {}) {
      const page = async (limit: number | undefined, token?: string): Promise<ListBody<T>> =>
        send<ListBody<T>>({
          method: "GET",
          verb: "list",
          path: pathOf(
            resource,
            { namespace: wanted.namespace },
            {
              labelSelector: wanted.labelSelector,
              fieldSelector: wanted.fieldSelector,
              resourceVersion: token === undefined ? wanted.resourceVersion : undefined,
              limit,
              continue: token,
            },
          ),
          accept: wanted.metadataOnly
            ? "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
            : undefined,
          repeatable: true,
          timeoutMs: wanted.timeoutMs,
          signal: wanted.signal,
        });
      const limit = wanted.limit ?? 500;
      let body = await page(limit);
      const items = [...(body.items ?? [])];
      while (body.metadata.continue && !wanted.firstPageOnly) {
        try {
          body = await page(limit, body.metadata.continue);
        } catch (error) {
          if (!isExpired(error)) throw error;
          // The pages' snapshot is compacted away: one full list is the only consistent answer left.
          body = await page(undefined);
          items.length = 0;
        }
        items.push(...(body.items ?? []));
      }
      // Items of a list carry neither apiVersion nor kind.
      const { apiVersion, kind } = resource;
      return {
        items: items.map((item) => ({ ...item, apiVersion, kind })),
        resourceVersion: body.metadata.resourceVersion,
      };
    },

    create: (resource, object, { timeoutMs, signal, maySend, ...write } = {}) =>
      send({
        method: "POST",
        verb: "create",
        path: pathOf(resource, { namespace: object.metadata.namespace }, written(write)),
        body: object,
        repeatable: false,
        timeoutMs,
        signal,
        maySend,
      }),

    apply: applied,
    applyStatus: async (resource, object, wanted) =>
      (await applied(resource, object, { ...wanted, subresource: "status" })).object,

    replace: (resource, object, { subresource, timeoutMs, signal, maySend, ...write } = {}) =>
      send({
        method: "PUT",
        verb: "update",
        path: pathOf(resource, { ...keyOf(object), subresource }, written(write)),
        body: object,
        repeatable: true,
        timeoutMs,
        signal,
        maySend,
      }),

    patch: (resource, key, patch, { subresource, timeoutMs, signal, maySend, ...write } = {}) =>
      send({
        method: "PATCH",
        path: pathOf(resource, { ...key, subresource }, written(write)),
        body: "merge" in patch ? patch.merge : patch.json,
        contentType: "merge" in patch ? "application/merge-patch+json" : "application/json-patch+json",
        repeatable: "merge" in patch,
        timeoutMs,
        signal,
        maySend,
      }),

    async delete(
      resource,
      key,
      { uid, resourceVersion, propagation, gracePeriodSeconds, dryRun, ...rest } = {},
    ) {
      try {
        const answer = await send<{ readonly kind?: string }>({
          method: "DELETE",
          path: pathOf(resource, key),
          body: {
            apiVersion: "v1",
            kind: "DeleteOptions",
            preconditions: { uid, resourceVersion },
            propagationPolicy: propagation ?? "Background",
            gracePeriodSeconds,
            ...(dryRun ? { dryRun: ["All"] } : {}),
          },
          // Repeated only when the UID makes sure that a successor is not meant.
          repeatable: uid !== undefined,
          ...rest,
        });
        // What is removed at once is answered with a Status, what stays with the object itself.
        return answer.kind === "Status" ? "gone" : "terminating";
      } catch (error) {
        if (isNotFound(error) && !isKindMissing(error)) return undefined;
        throw error;
      }
    },

    watch(resource, wanted = {}) {
      const timeoutSeconds = wanted.timeoutSeconds ?? 300;
      const path = pathOf(
        resource,
        { namespace: wanted.namespace },
        {
          watch: true,
          allowWatchBookmarks: true,
          labelSelector: wanted.labelSelector,
          fieldSelector: wanted.fieldSelector,
          resourceVersion: wanted.resourceVersion,
          resourceVersionMatch: wanted.sendInitialEvents ? "NotOlderThan" : undefined,
          sendInitialEvents: wanted.sendInitialEvents,
          timeoutSeconds,
        },
      );
      const accept = wanted.metadataOnly ? `application/json;${METADATA}` : undefined;
      const idleMs = wanted.idleMs ?? timeoutSeconds * 1000 + 5_000;
      const request = {
        method: "GET",
        verb: "watch",
        path,
        accept,
        repeatable: false,
        signal: wanted.signal,
      } as const;
      return watchStream(transport.stream(request, idleMs, wanted.onOpen), resource, path);
    },

    createSubresource: (resource, key, subresource, body, { timeoutMs, signal, maySend, ...write } = {}) =>
      send({
        method: "POST",
        verb: "create",
        path: pathOf(resource, { ...key, subresource }, written(write)),
        body,
        repeatable: false,
        timeoutMs,
        signal,
        maySend,
      }),

    raw: (request) => transport.request(request),
    close: () => transport.close(),
  };
}

interface ListBody<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
}
