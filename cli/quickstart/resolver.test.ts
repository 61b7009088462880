import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { lookupThrough } from "./resolver.ts";

/** A name server (RFC 1035) that knows one name; every other is NXDOMAIN. */
async function nameServer(known: string, address: readonly number[]): Promise<string> {
  const socket = createSocket("udp4");
  socket.on("message", (query, peer) => {
    const end = query.indexOf(0, 12) + 5;
    const name = labels(query);
    const found = name === known;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(found ? 0x8580 : 0x8583, 2);
    header.writeUInt16BE(found ? 1 : 0, 6);
    header.writeUInt32BE(0, 8);
    // A pointer to the question's name, type A, class IN, 1 s to live, four bytes.
    const answer = found
      ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address])
      : Buffer.alloc(0);
    socket.send(Buffer.concat([header, query.subarray(12, end), answer]), peer.port, peer.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

function labels(query: Buffer): string {
  const found: string[] = [];
  for (let at = 12; (query[at] ?? 0) > 0; at += (query[at] ?? 0) + 1) {
    found.push(query.toString("ascii", at + 1, at + 1 + (query[at] ?? 0)));
  }
  return found.join(".");
}

const looked = (server: string, name: string, all: boolean) =>
  new Promise((resolve, reject) =>
    lookupThrough(server)(name, { all }, (error, address, family) => {
      if (error) reject(error);
      else resolve(all ? address : [address, family]);
    }),
  );

test("a name is answered by the server given, in both forms a socket asks for", async () => {
  const server = await nameServer("api.east-africa.openbanking.test", [10, 70, 2, 9]);
  expect(await looked(server, "api.east-africa.openbanking.test", false)).toEqual(["10.70.2.9", 4]);
  expect(await looked(server, "api.east-africa.openbanking.test", true)).toEqual([
    { address: "10.70.2.9", family: 4 },
  ]);
});

test("an unknown name is an error that names the server and the name", async () => {
  const server = await nameServer("known.test", [127, 0, 0, 1]);
  await expect(looked(server, "unknown.test", false)).rejects.toThrow(
    `the name server ${server} does not resolve unknown.test (ENOTFOUND)`,
  );
});
