import { createHash } from "node:crypto";

/** Content by its digest, as "sha256:…". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** A tar file that is one layer of images. */
export interface Layer {
  readonly file: string;
  readonly digest: string;
  readonly size: number;
}

/** How a container of the image starts. Names as in the OCI image specification 1.1, config. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

/** An image as bytes: what an archive holds beside the layers, by file name. */
export interface ImageDocuments {
  /** Of the manifest; equal input gives an equal digest on every machine. */
  readonly digest: string;
  /** As "wekeza.local/coredns:0123456789ab": the tag is the content. */
  readonly reference: string;
  readonly files: Readonly<Record<string, string>>;
}

const LAYER = "application/vnd.oci.image.layer.v1.tar";
const CONFIG = "application/vnd.oci.image.config.v1+json";
/** Media type of an image's manifest. */
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** The digest of a text, as "sha256:…". */
export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/**
 * The JSON documents of an image: config, manifest, index and layout. No date is in them, so that the digest depends on nothing else.
 *
 * @param architecture as Go names it: "amd64" or "arm64".
 */
export function imageDocuments(
  name: string,
  config: ImageConfig,
  layers: readonly Pick<Layer, "digest" | "size">[],
  architecture: string,
): ImageDocuments {
  const configText = JSON.stringify({
    architecture,
    os: "linux",
    config: { Env: ["PATH=/usr/local/bin:/usr/bin:/bin"], ...config },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
  const manifestText = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: describe(CONFIG, configText),
    layers: layers.map(({ digest, size }) => ({ mediaType: LAYER, digest, size })),
  });
  const manifest = describe(MANIFEST, manifestText);
  const tag = manifest.digest.slice("sha256:".length, "sha256:".length + 12);
  const reference = `wekeza.local/${name}:${tag}`;
  const annotations = { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": tag };
  return {
    digest: manifest.digest,
    reference,
    files: {
      "oci-layout": JSON.stringify({ imageLayoutVersion: "1.0.0" }),
      "index.json": JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
      [blobPath(digestOf(configText))]: configText,
      [blobPath(manifest.digest)]: manifestText,
    },
  };
}

/** Where an archive keeps the content of a digest. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function describe(mediaType: string, text: string): Descriptor {
  return { mediaType, digest: digestOf(text), size: Buffer.byteLength(text) };
}
