import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importPKCS8, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RegistryServer, startRegistry } from "../testing/registry.ts";
import { createAuthority } from "../toolchain/certificate.ts";
import { type Image } from "./archive.ts";
import { blobPath, digestOf, imageDocuments, MANIFEST } from "./oci.ts";
import { pushImages } from "./push.ts";
import { registryAddress } from "./registry-address.ts";
import type { KeptLogin, Login } from "./registry-login.ts";
import { connectRegistry } from "./registry.ts";

/** bcrypt of "sandbox", for the user "ci". */
const PASSWORDS = "ci:$2b$04$hYYV//DvA6eySYRHjY0jveuJxJNDMIlAuhk7dheXXvJprrKFiDiJK\n";
const CI: Login = { username: "ci", password: "sandbox" };

let folder: string;
let base: Image["layers"][number];
let one: Image;
let other: Image;
const servers: RegistryServer[] = [];
const tokenServers: Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "push-"));
  // More than one read of the file, so that it is streamed.
  base = await layerOf("base", "b".repeat(300_000));
  one = await imageOf("one", ["first"]);
  other = await imageOf("other", ["second"]);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  for (const server of tokenServers) server.close();
  await rm(folder, { recursive: true });
});

async function layerOf(name: string, text: string): Promise<Image["layers"][number]> {
  const file = join(folder, name);
  await writeFile(file, text);
  return { file, digest: digestOf(text), size: Buffer.byteLength(text) };
}

async function imageOf(name: string, own: readonly string[]): Promise<Image> {
  const layers = [base, ...(await Promise.all(own.map((text) => layerOf(`${name}-${text}`, text))))];
  const { digest, reference, files } = imageDocuments(name, { User: "1000" }, layers, "amd64");
  return { name, reference, digest, archive: "", layers, documents: files };
}

async function registry(options: Parameters<typeof startRegistry>[0] = {}): Promise<RegistryServer> {
  const server = await startRegistry(options);
  servers.push(server);
  return server;
}

async function push(host: string, images: readonly Image[], login?: Login) {
  const kept: KeptLogin = { file: "config.json", ...(login ? { login } : {}) };
  const connection = await connectRegistry(registryAddress(`${host}/bank`), kept);
  try {
    return await pushImages(connection, images);
  } finally {
    await connection.close();
  }
}

test("what was pushed is pulled back byte for byte, and never sent twice", async () => {
  const { host } = await registry();
  const [first, second] = await push(host, [one, other]);
  expect(first?.reference).toBe(`${host}/bank/${one.reference.replace("wekeza.local/", "")}`);
  expect(first?.sent).toBeGreaterThan(base.size);
  // The base layer is taken from the first image.
  expect(second?.sent).toBeLessThan(base.size);

  for (const image of [one, other]) {
    const at = `http://${host}/v2/bank/${image.name}`;
    const manifest = await fetch(`${at}/manifests/${image.digest.slice(7, 19)}`, {
      headers: { accept: MANIFEST },
    });
    expect(manifest.headers.get("content-type")).toBe(MANIFEST);
    const text = await manifest.text();
    expect(digestOf(text)).toBe(image.digest);
    const { config, layers } = JSON.parse(text) as Record<"config", { digest: string }> & {
      layers: { digest: string }[];
    };
    expect(layers.map(({ digest }) => digest)).toEqual(image.layers.map(({ digest }) => digest));
    for (const { digest } of [config, ...layers])
      expect(digestOf(await (await fetch(`${at}/blobs/${digest}`)).text())).toBe(digest);
  }

  expect((await push(host, [one, other])).map(({ sent }) => sent)).toEqual([0, 0]);
});

test("an edit sends its own layer and documents alone", async () => {
  const { host } = await registry();
  await push(host, [one]);
  const edited = await imageOf("one", ["edited"]);
  const [pushed] = await push(host, [edited]);
  const documents = Object.keys(edited.documents).filter((path) => path.startsWith("blobs/"));
  const expected = documents.reduce(
    (sum, path) => sum + Buffer.byteLength(edited.documents[path] ?? ""),
    "edited".length,
  );
  expect(documents).toContain(blobPath(edited.digest));
  expect(pushed?.sent).toBe(expected);
});

test("a password is shown where the registry asks for one, and who has none is told where to put it", async () => {
  const path = join(folder, "passwords");
  await writeFile(path, PASSWORDS);
  const { host } = await registry({ auth: { htpasswd: { realm: "bank", path } } });
  await expect(push(host, [one])).rejects.toThrow(
    `there is no login for ${host} in config.json: \`docker login ${host}\` writes one`,
  );
  await expect(push(host, [one], { ...CI, password: "wrong" })).rejects.toThrow(
    `the login for ${host} in config.json may not write to bank/one`,
  );
  const pushed = await push(host, [one, other], CI);
  expect(pushed.map(({ sent }) => sent > 0)).toEqual([true, true]);
});

test("a token is fetched with the login, for the repository that is written to", async () => {
  const tokens = await tokenServer();
  const { host } = await registry({
    auth: {
      token: { realm: tokens.realm, service: "bank", issuer: "tokens", rootcertbundle: tokens.roots },
    },
  });
  await expect(push(host, [one])).rejects.toThrow("there is no login");
  expect(tokens.scopes).toEqual([]);
  const [, second] = await push(host, [one, other], CI);
  expect(second?.sent).toBeLessThan(base.size);
  expect(tokens.scopes).toEqual([
    "repository:bank/one:pull,push",
    "repository:bank/other:pull,push",
    "repository:bank/other:pull,push repository:bank/one:pull",
  ]);
});

test("a registry with a certificate nobody vouches for is not trusted", async () => {
  const authority = await createAuthority("somebody", new Date());
  const pair = await authority.issue({ commonName: "registry", addresses: ["127.0.0.1"], use: "server" });
  const [certificate, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  await writeFile(certificate, pair.certificate);
  await writeFile(key, pair.key);
  const { host } = await registry({ tls: { certificate, key } });
  await expect(push(`https://${host}`, [one])).rejects.toThrow("NODE_EXTRA_CA_CERTS=FILE");
});

test("plain HTTP behind https:// is named, and so is what answers not at all or is no registry", async () => {
  const server = await registry();
  const { host } = server;
  await expect(push(`https://${host}`, [one])).rejects.toThrow(`say so: REGISTRY=http://${host}/…`);
  await server.stop();
  await expect(push(host, [one])).rejects.toThrow(
    `the registry at http://${host} gives no answer (ECONNREFUSED)`,
  );
  const { realm } = await tokenServer();
  const web = new URL(realm).host;
  await expect(push(web, [one])).rejects.toThrow(`http://${web} is no image registry: GET /v2/`);
});

/** Gives tokens to `ci`, as the registry specification "Token Authentication" wants them. */
async function tokenServer() {
  const authority = await createAuthority("tokens", new Date());
  const signer = await authority.issue({ commonName: "tokens", use: "both" });
  const key = await importPKCS8(signer.key, "ES256");
  const x5c = [signer.certificate.replace(/-----[A-Z ]+-----|\s/g, "")];
  const roots = join(folder, "roots.pem");
  await writeFile(roots, authority.certificate);
  const scopes: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://tokens");
    const wanted = url.searchParams.getAll("scope");
    const basic = `Basic ${Buffer.from(`${CI.username}:${CI.password}`).toString("base64")}`;
    if (url.pathname !== "/token" || request.headers.authorization !== basic) {
      response.writeHead(url.pathname === "/token" ? 401 : 404).end();
      return;
    }
    scopes.push(wanted.join(" "));
    const access = wanted.map((scope) => {
      const [type, name, actions = ""] = scope.split(":");
      return { type, name, actions: actions.split(",") };
    });
    void new SignJWT({ access })
      .setProtectedHeader({ alg: "ES256", typ: "JWT", x5c })
      .setIssuer("tokens")
      .setSubject(CI.username)
      .setAudience(url.searchParams.get("service") ?? "")
      .setIssuedAt()
      .setNotBefore("-1m")
      .setExpirationTime("5m")
      .sign(key)
      .then((token) => response.end(JSON.stringify({ token })));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  tokenServers.push(server);
  return { realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, roots, scopes };
}
