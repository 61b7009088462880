import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { type Authority, createAuthority } from "../../local/toolchain/certificate.ts";
import { asResponse, createHttp, type HttpOptions } from "./http.ts";

const NAME = "api.east-africa.openbanking.test";

/** A real TLS server under that name, which tells who its caller is; and look-ups that lead to it. */
async function host(authority: Authority) {
  const { key, certificate: cert } = await authority.issue({ commonName: NAME, dns: [NAME], use: "server" });
  const options = { key, cert, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    response.setHeader("x-fapi-interaction-id", request.headers["x-fapi-interaction-id"] ?? "none");
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    response.end(`${request.method} from ${[subject?.CN ?? "nobody"].join()}`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const lookup: HttpOptions["lookup"] = (_name, { all }, callback) =>
    all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4);
  return { lookup, url: `https://${NAME}:${(server.address() as AddressInfo).port}/accounts` };
}

function open(options: HttpOptions) {
  const http = createHttp(options);
  onTestFinished(() => http.close());
  return http;
}

test("a partner is known by its certificate, a browser has none, and every answer is seen", async () => {
  const authority = await createAuthority("root", new Date());
  const { lookup, url } = await host(authority);
  const seen: string[] = [];
  const onExchange: HttpOptions["onExchange"] = ({ body }) => seen.push(body);
  const credentials = await authority.issue({ commonName: "ptn-1", use: "client" });
  const partner = open({ lookup, root: authority.certificate, credentials, onExchange });
  const headers = { "x-fapi-interaction-id": "i-1" };
  const answer = await partner.send(url, { method: "POST", headers, body: "{}" });
  expect(answer).toMatchObject({ status: 200, body: "POST from ptn-1", interactionId: "i-1" });
  expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect((await open({ lookup, root: authority.certificate }).send(url)).body).toBe("GET from nobody");
  expect(seen).toEqual(["POST from ptn-1"]);
});

test("a host under another root is not believed, and the failure leads to the certificates", async () => {
  const { lookup, url } = await host(await createAuthority("impostor", new Date()));
  const root = (await createAuthority("root", new Date())).certificate;
  await expect(open({ lookup, root }).send(url)).rejects.toMatchObject({
    message: `GET ${url} got no answer`,
    next: expect.stringContaining("look at both certificates"),
  });
});

test("an answer without a body becomes a standard Response without one", async () => {
  const answer = {
    method: "DELETE",
    url: "https://x",
    status: 204,
    headers: new Headers({ a: "1" }),
    body: "",
  };
  const response = asResponse(answer);
  expect([response.status, response.headers.get("a"), response.body]).toEqual([204, "1", null]);
});
