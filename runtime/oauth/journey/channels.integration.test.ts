import { createServer, type Server } from "node:https";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { startRedis, type RedisServer } from "../../../local/testing/redis.ts";
import { createLog } from "../../service/logger.ts";
import { createUpstream, type Upstream } from "../../service/mtls-client.ts";
import { createRedis } from "../../service/redis.ts";
import { fixedIdentity, testAuthority } from "../../service/testing/authority.ts";
import { channelsOf } from "./channels.ts";
import { createMailbox, type CodeMessage, type CodeSender } from "./mailbox.ts";

const contract = parse(
  readFileSync(new URL("../../../docs/contracts/wekeza-channels.yaml", import.meta.url), "utf8"),
) as object;
const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
ajv.addSchema(contract, "contract");
const check = ajv.getSchema("contract#/components/schemas/OneTimeCode");

/** A bank that keeps to the contract, strictly. */
interface Bank {
  readonly upstream: Upstream;
  newest(customer: string): Promise<object | undefined>;
  readonly keys: string[];
  answer: number;
  close(): Promise<void>;
}

async function startBank(): Promise<Bank> {
  const authority = await testAuthority("services of the test");
  const { cert, key } = await authority.service("channels");
  const newest = new Map<string, object>();
  const keys: string[] = [];
  const server: Server = createServer(
    { cert, key, ca: authority.ca, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const take = async (): Promise<number> => {
        const body = JSON.parse(await text(request)) as { readonly customer: string };
        if (request.method !== "POST" || request.url !== "/v1/one-time-codes") return 404;
        if (check?.(body) !== true) return 400;
        keys.push(String(request.headers["idempotency-key"]));
        if (bank.answer === 202) newest.set(body.customer, body);
        return bank.answer;
      };
      take().then(
        (status) => response.writeHead(status).end(),
        () => response.writeHead(400).end(),
      );
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const identity = fixedIdentity(await authority.service("oauth"), authority.ca);
  const { port } = server.address() as AddressInfo;
  const upstream = createUpstream({ identity, origin: `https://localhost:${port}` });
  const bank: Bank = {
    upstream,
    keys,
    answer: 202,
    newest: async (customer) => newest.get(customer),
    async close() {
      await upstream.close();
      server.closeAllConnections();
      server.close();
    },
  };
  return bank;
}

let bank: Bank;
let redisServer: RedisServer;
let redis: ReturnType<typeof createRedis>;
beforeAll(async () => {
  [bank, redisServer] = await Promise.all([startBank(), startRedis()]);
  const log = createLog("oauth", { level: "silent" });
  redis = createRedis({ config: { host: "127.0.0.1", port: redisServer.port }, service: "oauth", log });
});
afterAll(async () => {
  redis?.disconnect();
  await bank?.close();
  await redisServer?.stop();
});

const message: CodeMessage = {
  code: "012345",
  consent: "dpc-1",
  partner: "Pay & Go",
  pays: "KES 1,200.50 to Kamau Stores",
  sentAt: "2026-11-22T12:00:00.000Z",
};

/** Every way to send codes, and how its test looks into the customer's hand. */
const WAYS: Readonly<
  Record<
    string,
    () => { readonly sender: CodeSender; readonly newest: (customer: string) => Promise<object | undefined> }
  >
> = {
  "the bank's channels": () => ({
    sender: channelsOf(bank.upstream),
    newest: (customer) => bank.newest(customer),
  }),
  "the sandbox's mailbox": () => {
    const mailbox = createMailbox(redis, "sandbox");
    return { sender: mailbox, newest: (customer) => mailbox.newest(customer) };
  },
};

describe.each(Object.entries(WAYS))("%s", (_name, way) => {
  test("bring a customer the newest code, with who wants it and what it pays", async () => {
    const { sender, newest } = way();
    await sender.send("cus-1", message);
    await sender.send("cus-1", { ...message, code: "543210" });
    expect(await newest("cus-1")).toMatchObject({ ...message, code: "543210" });
    expect(await newest("cus-2")).toBeUndefined();
  });

  test("bring a code that pays nothing", async () => {
    const { sender, newest } = way();
    const { pays: _pays, ...reading } = message;
    await sender.send("cus-3", reading);
    expect(await newest("cus-3")).toMatchObject(reading);
    expect(await newest("cus-3")).not.toHaveProperty("pays");
  });
});

describe("the bank's channels", () => {
  test("are told a key that is the message's and holds no code", async () => {
    const sender = channelsOf(bank.upstream);
    bank.keys.length = 0;
    await sender.send("cus-4", message);
    await sender.send("cus-4", message);
    await sender.send("cus-4", { ...message, sentAt: "2026-11-22T12:00:01.000Z" });
    expect(new Set(bank.keys).size).toBe(2);
    expect(bank.keys.join()).not.toContain(message.code);
  });

  test.each([404, 503])("that answer %s have not delivered", async (status) => {
    bank.answer = status;
    await expect(channelsOf(bank.upstream).send("cus-5", message)).rejects.toThrow(`answered ${status}`);
    bank.answer = 202;
  });
});
