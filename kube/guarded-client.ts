import type { Client } from "./client.ts";

/** What a request is about to do. */
export type Access = "read" | "write";

/**
 * A client that asks before every request, and again in the moment a write is sent; `check` throws to refuse it.
 *
 * Writes of a process that no longer leads and requests to a cluster known to be away end here, at once.
 */
export function guardedClient(client: Client, check: (access: Access) => void): Client {
  const read = async <T>(send: () => Promise<T>): Promise<T> => {
    check("read");
    return send();
  };
  const maySend = (): void => check("write");
  const write = async <T>(send: () => Promise<T>): Promise<T> => {
    check("write");
    return send();
  };
  return {
    host: client.host,
    namespace: client.namespace,
    get: (resource, key, options) => read(() => client.get(resource, key, options)),
    list: (resource, options) => read(() => client.list(resource, options)),
    create: (resource, object, options) =>
      write(() => client.create(resource, object, { ...options, maySend })),
    apply: (resource, object, options) =>
      write(() => client.apply(resource, object, { ...options, maySend })),
    applyStatus: (resource, object, options) =>
      write(() => client.applyStatus(resource, object, { ...options, maySend })),
    replace: (resource, object, options) =>
      write(() => client.replace(resource, object, { ...options, maySend })),
    patch: (resource, key, patch, options) =>
      write(() => client.patch(resource, key, patch, { ...options, maySend })),
    delete: (resource, key, options) => write(() => client.delete(resource, key, { ...options, maySend })),
    watch: (resource, options) => {
      check("read");
      return client.watch(resource, options);
    },
    createSubresource: (resource, key, subresource, body, options) =>
      write(() => client.createSubresource(resource, key, subresource, body, { ...options, maySend })),
    raw: (request) =>
      request.method === "GET"
        ? read(() => client.raw(request))
        : write(() => client.raw({ ...request, maySend })),
    close: () => client.close(),
  };
}
