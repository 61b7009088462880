import { randomBytes } from "node:crypto";
import { connect } from "node:net";

/** What a server does when it has read a ClientHello. */
export type Reaction = "goes on" | "refuses";

const u8 = (content: Buffer): Buffer => Buffer.concat([Buffer.from([content.length]), content]);
const u16 = (content: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length);
  return Buffer.concat([length, content]);
};
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const extension = (type: string, content: Buffer): Buffer => Buffer.concat([hex(type), u16(content)]);

/**
 * A TLS 1.3 ClientHello (RFC 8446, 4.1.2) with a server name of any bytes (RFC 6066, 3): what no client library sends.
 *
 * @param name absent: without the extension.
 */
export function clientHello(name: Buffer | undefined): Buffer {
  const share = Buffer.concat([hex("001d"), u16(randomBytes(32))]);
  const extensions = Buffer.concat([
    ...(name === undefined ? [] : [extension("0000", u16(Buffer.concat([hex("00"), u16(name)])))]),
    extension("000a", u16(hex("001d"))),
    extension("000d", u16(hex("04030804"))),
    extension("002b", u8(hex("0304"))),
    extension("0033", u16(share)),
  ]);
  const body = Buffer.concat([
    hex("0303"),
    randomBytes(32),
    u8(randomBytes(32)),
    u16(hex("13011302")),
    u8(hex("00")),
    u16(extensions),
  ]);
  const handshake = Buffer.concat([hex("0100"), u16(body)]);
  return Buffer.concat([hex("160301"), u16(handshake)]);
}

/** Sends bytes to a TLS server on loopback: a ServerHello is going on, an alert or the end is a refusal. */
export function reactionTo(hello: Buffer, port: number): Promise<Reaction> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(hello));
    socket.once("data", (answer) => {
      // Record type 22 is a handshake message, 21 an alert.
      resolve(answer[0] === 22 ? "goes on" : "refuses");
      socket.destroy();
    });
    socket.once("end", () => resolve("refuses"));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET") resolve("refuses");
      else reject(error);
    });
  });
}
