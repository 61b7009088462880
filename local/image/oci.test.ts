import { expect, test } from "vitest";
import { blobPath, digestOf, imageDocuments } from "./oci.ts";

const layer = { digest: digestOf("layer"), size: 5 };
const config = { Entrypoint: ["/pause"], User: "1000:1000" };

test("equal input gives an equal digest", () => {
  expect(imageDocuments("pause", config, [layer], "amd64")).toEqual(
    imageDocuments("pause", config, [layer], "amd64"),
  );
});

test.each([
  {
    why: "another layer",
    other: imageDocuments("pause", config, [{ ...layer, digest: digestOf("x") }], "amd64"),
  },
  { why: "another user", other: imageDocuments("pause", { ...config, User: "0" }, [layer], "amd64") },
  { why: "another architecture", other: imageDocuments("pause", config, [layer], "arm64") },
])("$why gives another reference", ({ other }) => {
  expect(other.reference).not.toBe(imageDocuments("pause", config, [layer], "amd64").reference);
});

test("every document that another one names is in the archive under its digest", () => {
  const { files, digest } = imageDocuments("pause", config, [layer], "amd64");
  const manifest = JSON.parse(files[blobPath(digest)] ?? "{}") as {
    config: { digest: string; size: number };
  };
  const named = files[blobPath(manifest.config.digest)] ?? "";
  expect(digestOf(named)).toBe(manifest.config.digest);
  expect(Buffer.byteLength(named)).toBe(manifest.config.size);
  expect(files["index.json"]).toContain(digest);
});

test("the tag is the content", () => {
  const { reference, digest } = imageDocuments("pause", config, [layer], "amd64");
  expect(reference).toBe(`wekeza.local/pause:${digest.slice(7, 19)}`);
});
