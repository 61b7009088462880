import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import type { Image } from "./archive.ts";
import { blobPath, MANIFEST } from "./oci.ts";
import { referenceIn, repositoryOf } from "./registry-address.ts";
import { headerOf, type Registry } from "./registry.ts";

/** What became of an image. */
export interface Pushed {
  /** What a pod names. */
  readonly reference: string;
  /** Bytes that were sent; 0 when the registry had everything. */
  readonly sent: number;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly open: () => string | Readable;
}

/**
 * Puts images into a registry, one after another, each under its own tag.
 *
 * What the registry has is not sent again, and a layer that two images share is sent once. Safe to repeat, also after a
 * stop half-way.
 *
 * @throws RegistryError
 */
export async function pushImages(registry: Registry, images: readonly Image[]): Promise<readonly Pushed[]> {
  /** The repository that has a blob, by its digest. */
  const places = new Map<string, string>();
  const pushed: Pushed[] = [];
  for (const image of images) pushed.push(await pushImage(registry, image, places));
  return pushed;
}

async function pushImage(registry: Registry, image: Image, places: Map<string, string>): Promise<Pushed> {
  const repository = repositoryOf(registry.address, image.name);
  const reference = referenceIn(registry.address, image.reference);
  const blobs = blobsOf(image);
  let sent = 0;
  if ((await digestAt(registry, repository, reference)) !== image.digest) {
    for (const blob of blobs) sent += await pushBlob(registry, repository, blob, places.get(blob.digest));
    const manifest = image.documents[blobPath(image.digest)] ?? "";
    await registry.send(
      {
        method: "PUT",
        url: `/v2/${repository}/manifests/${tagOf(reference)}`,
        repository,
        headers: { "content-type": MANIFEST },
        body: () => manifest,
      },
      [201],
    );
    sent += Buffer.byteLength(manifest);
  }
  for (const { digest } of blobs) places.set(digest, repository);
  return { reference, sent };
}

/** The digest that a tag stands for there; undefined when it is unknown. */
async function digestAt(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<string | undefined> {
  const url = `/v2/${repository}/manifests/${tagOf(reference)}`;
  const answer = await registry.send(
    { method: "HEAD", url, repository, headers: { accept: MANIFEST } },
    [200, 404],
  );
  return answer.status === 200 ? headerOf(answer, "docker-content-digest") : undefined;
}

/** @returns the bytes that were sent. */
async function pushBlob(
  registry: Registry,
  repository: string,
  { digest, size, open }: Blob,
  from: string | undefined,
): Promise<number> {
  const known = await registry.send(
    { method: "HEAD", url: `/v2/${repository}/blobs/${digest}`, repository },
    // Some registries send readers on to where the blob lies.
    [200, 302, 307, 404],
  );
  if (known.status !== 404) return 0;
  const uploads = new URL(`/v2/${repository}/blobs/uploads/`, registry.address.origin);
  if (from !== undefined && from !== repository) {
    uploads.searchParams.set("mount", digest);
    uploads.searchParams.set("from", from);
  }
  const begun = await registry.send({ method: "POST", url: uploads, repository, from }, [201, 202]);
  // Mounted from the other repository.
  if (begun.status === 201) return 0;
  const place = new URL(headerOf(begun, "location") ?? "", uploads);
  place.searchParams.set("digest", digest);
  await registry.send(
    {
      method: "PUT",
      url: place,
      repository,
      from,
      headers: { "content-type": "application/octet-stream", "content-length": String(size) },
      body: open,
    },
    [201],
  );
  return size;
}

/** The layers, lowest first, and the configuration. */
function blobsOf({ layers, documents, digest }: Image): readonly Blob[] {
  const manifest = JSON.parse(documents[blobPath(digest)] ?? "{}") as {
    readonly config: { readonly digest: string; readonly size: number };
  };
  const config = documents[blobPath(manifest.config.digest)] ?? "";
  return [
    ...layers.map((layer) => ({ ...layer, open: () => createReadStream(layer.file) })),
    { ...manifest.config, open: () => config },
  ];
}

function tagOf(reference: string): string {
  return reference.slice(reference.lastIndexOf(":") + 1);
}
