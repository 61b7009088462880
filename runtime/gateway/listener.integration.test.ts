import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listening } from "../service/health.ts";
import { createLog } from "../service/logger.ts";
import { testAuthority } from "../service/testing/authority.ts";
import { createListener, type Listener } from "./listener.ts";
import { clientHello, reactionTo } from "./testing/client-hello.ts";
import { certify, keyOf, type Party, party } from "./testing/hostile-chain.ts";

const HOST = "api.ke.openbanking.test";

const folder = mkdtempSync(join(tmpdir(), "listener-"));
let listener: Listener;
let port: number;
let hostCa: string;
let root: Party;
let middle: Party;
let lower: Party;
let leaf: Party;

beforeAll(async () => {
  [root, middle, lower, leaf] = (await Promise.all(["root", "middle", "lower", "leaf"].map(party))) as [
    Party,
    Party,
    Party,
    Party,
  ];
  const hosts = await testAuthority("hosts");
  const host = await hosts.issue({ commonName: HOST, dns: [HOST] });
  hostCa = hosts.ca;
  const files = {
    cert: join(folder, "tls.crt"),
    key: join(folder, "tls.key"),
    partnerCa: join(folder, "ca.crt"),
  };
  writeFileSync(files.cert, host.cert);
  writeFileSync(files.key, host.key);
  writeFileSync(files.partnerCa, await certify(root, root));
  const log = createLog("test", { level: "silent" });
  listener = createListener(HOST, files, (_request, response) => response.end("let in"), { log });
  await listening(listener.server, 0, "127.0.0.1");
  ({ port } = listener.server.address() as AddressInfo);
});
afterAll(() => {
  listener.stop();
  listener.server.close();
  listener.server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends a request over a connection with that chain, the leaf's certificate first. */
async function answerTo(chain: readonly string[]): Promise<"let in" | "refused"> {
  const key = await keyOf(leaf);
  return new Promise((resolve) => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      servername: HOST,
      ca: hostCa,
      key,
      cert: chain.join("\n"),
    });
    let text = "";
    socket.on("secureConnect", () =>
      socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`),
    );
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("error", () => resolve("refused"));
    socket.on("close", () => resolve(text.includes("let in") ? "let in" : "refused"));
  });
}

test("FAPI 2.0 5.2.1: a connection below TLS 1.3 is refused", async () => {
  const alert = await new Promise<string>((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, servername: HOST, ca: hostCa, maxVersion: "TLSv1.2" });
    socket.on("secureConnect", () => resolve("connected"));
    socket.on("error", (error) => resolve(error.message));
  });
  expect(alert).toMatch(/protocol version/);
});

const certified = (issuer: Party, more = {}): Promise<string> =>
  certify(leaf, issuer, { ca: false, ...more });

test("a certificate below an intermediate of the partner CA is let in", async () => {
  expect(await answerTo([await certified(middle), await certify(middle, root)])).toBe("let in");
});

test.each<{ readonly what: string; readonly chain: () => Promise<readonly string[]> }>([
  {
    what: "that a partner signed with its own certificate",
    chain: async () => [await certified(middle), await certify(middle, root, { ca: false })],
  },
  {
    what: "below an intermediate that has expired",
    chain: async () => [await certified(middle), await certify(middle, root, { expired: true })],
  },
  { what: "that has expired itself", chain: async () => [await certified(root, { expired: true })] },
  {
    what: "with a name that its intermediate may not give",
    chain: async () => [
      await certified(middle, { dns: "partner.elsewhere.test" }),
      await certify(middle, root, { permitted: "partners.test" }),
    ],
  },
  {
    what: "below more intermediates than allowed",
    chain: async () => [
      await certified(lower),
      await certify(lower, middle),
      await certify(middle, root, { pathLength: 0 }),
    ],
  },
  {
    what: "below two authorities that have signed each other",
    chain: async () => [await certified(lower), await certify(lower, middle), await certify(middle, lower)],
  },
  { what: "made for servers", chain: async () => [await certified(root, { usage: "serverAuth" })] },
  { what: "that it signed itself", chain: async () => [await certified(leaf)] },
  {
    what: "below an authority that only bears the name of ours",
    chain: async () => {
      const impostor = await party(root.name);
      return [await certified(impostor), await certify(impostor, impostor)];
    },
  },
  {
    what: "at the end of a thousand",
    chain: async () => {
      const step = (n: number): Party => ({ name: `step ${n}`, keys: middle.keys });
      const steps = Array.from({ length: 1_000 }, (_, n) => certify(step(n), step(n + 1)));
      return [await certified(step(0)), ...(await Promise.all(steps)), await certify(step(1_000), root)];
    },
  },
])("SEC-31: a certificate $what is refused", async ({ chain }) => {
  expect(await answerTo(await chain())).toBe("refused");
  // And nobody else is the worse for it.
  expect(await answerTo([await certified(root)])).toBe("let in");
});

test.each([
  { what: "ours", name: HOST, want: "goes on" },
  { what: "ours in other letters", name: "API.ke.OpenBanking.TEST", want: "goes on" },
  { what: "a partner's own beneath ours", name: `ptn-0123456789abcdef.${HOST}`, want: "goes on" },
  { what: "no client id beneath ours", name: `ptn-0123456789abcdeg.${HOST}`, want: "refuses" },
  { what: "two names beneath ours", name: `a.ptn-0123456789abcdef.${HOST}`, want: "refuses" },
  { what: "missing", name: undefined, want: "goes on" },
  { what: "another's", name: "auth.ke.openbanking.test", want: "refuses" },
  // OpenSSL takes it for none.
  { what: "empty", name: "", want: "goes on" },
  { what: "255 bytes", name: "a".repeat(255), want: "refuses" },
  { what: "longer than a name may be", name: "a".repeat(4_000), want: "refuses" },
  { what: "ours with a NUL and more", name: `${HOST}\0.evil.test`, want: "refuses" },
  { what: "an address", name: "127.0.0.1", want: "refuses" },
  { what: "ours with a dot at its end", name: `${HOST}.`, want: "refuses" },
  { what: "no text at all", name: "\u00ff\u0000\u0080", want: "refuses" },
])("SEC-32: to a server name that is $what the handshake $want", async ({ name, want }) => {
  const bytes = name === undefined ? undefined : Buffer.from(name, "latin1");
  expect(await reactionTo(clientHello(bytes), port)).toBe(want);
  // Whatever the name was: it does not let anybody in, and keeps nobody out.
  expect(await answerTo([await certified(root)])).toBe("let in");
});
