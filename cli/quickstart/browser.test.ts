import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { createBrowser } from "./browser.ts";
import { consentAs } from "./customer.ts";
import { StepFailed } from "./failure.ts";
import { createHttp } from "./http.ts";
import { lookupThrough } from "./resolver.ts";

const CALLBACK = "https://partner.example/callback";

type Answer = (request: IncomingMessage, response: ServerResponse, body: URLSearchParams) => void;

/** A real server with the given paths, and a browser that looks at it. */
async function bank(answers: Readonly<Record<string, Answer>>) {
  const server = createServer((request, response) => {
    const answer = answers[`${request.method} ${(request.url ?? "").split("?")[0]}`];
    void text(request).then((body) => {
      if (answer === undefined) response.writeHead(404).end();
      else answer(request, response, new URLSearchParams(body));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const http = createHttp({ lookup: lookupThrough("127.0.0.1"), root: "" });
  onTestFinished(async () => {
    await http.close();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, browser: createBrowser(http, CALLBACK, () => new Date()) };
}

const html = (response: ServerResponse, body: string, headers = {}) =>
  response.writeHead(200, { "content-type": "text/html", ...headers }).end(body);
const seeOther = (response: ServerResponse, location: string, headers = {}) =>
  response.writeHead(303, { location, ...headers }).end();

test("a customer logs in, gives the code, ticks every account and comes back with a code", async () => {
  const seen: string[] = [];
  const field = (label: string, input: string) => `<label>${label} <input ${input}></label>`;
  const { url, browser } = await bank({
    "GET /authorize": (_request, response) =>
      seeOther(response, "/login", { "set-cookie": "session=s1; Path=/" }),
    "GET /login": (request, response) => {
      seen.push(`cookie ${request.headers.cookie}`);
      html(
        response,
        `<form method=post>${field("User", "name=user")}${field("Password", "type=password name=pw")}<button>Log in</button></form>`,
      );
    },
    "POST /login": (request, response, body) => {
      seen.push(`login ${body.get("user")} ${body.get("pw")} from ${request.headers.origin === url}`);
      seeOther(response, "/code");
    },
    "GET /code": (_request, response) =>
      html(
        response,
        `<form method=post>${field("Your code", 'name=otp inputmode=numeric autocomplete="one-time-code"')}<button>Go on</button></form>`,
      ),
    "POST /code": (_request, response, body) => {
      seen.push(`code ${body.get("otp")}`);
      seeOther(response, "/consent");
    },
    "GET /consent": (_request, response) =>
      html(
        response,
        `<form method=post action="/decision"><input type=hidden name=csrf value=c1>
         ${field("Savings", "type=checkbox name=account value=1")}${field("Current", "type=checkbox name=account value=2")}
         <button name=decision value=deny>Do not allow</button><button name=decision value=yes>Allow</button></form>`,
      ),
    "POST /decision": (_request, response, body) => {
      seen.push(`consent ${body.getAll("account").join("+")} ${body.get("decision")} ${body.get("csrf")}`);
      seeOther(response, `${CALLBACK}?code=abc&state=x`);
    },
  });
  const customer = { id: "cus-1", username: "anna", password: "secret" };
  const journey = await consentAs(customer, browser, new URL(`${url}/authorize`), async () => "123456");
  expect(journey.callback.search).toBe("?code=abc&state=x");
  expect(journey.pages).toEqual(["login", "one-time code", "consent"]);
  expect(seen).toEqual([
    "cookie session=s1",
    "login anna secret from true",
    "code 123456",
    "consent 1+2 yes c1",
  ]);
});

const nobody = { id: "", username: "", password: "" };

test("an error page stops the journey with its status and words", async () => {
  const { url, browser } = await bank({
    "GET /authorize": (_request, response) => response.writeHead(400).end("<h1>The request has expired</h1>"),
  });
  const journey = consentAs(nobody, browser, new URL(`${url}/authorize`), async () => "");
  await expect(journey).rejects.toMatchObject({ answer: { status: 400, body: "The request has expired" } });
});

test("a page that asks for nothing a customer knows stops the journey", async () => {
  const { url, browser } = await bank({
    "GET /authorize": (_request, response) =>
      html(response, "<form><input name=iban><button>Next</button></form>"),
  });
  const journey = consentAs(nobody, browser, new URL(`${url}/authorize`), async () => "");
  await expect(journey).rejects.toThrow("shows no form that a customer could fill in");
});

test("a loop of redirects ends", async () => {
  const { url, browser } = await bank({ "GET /a": (_request, response) => seeOther(response, "/a") });
  await expect(browser.open(`${url}/a`)).rejects.toThrow("more than 20 times");
});

test("a form without POST puts its fields into the address", async () => {
  const { url, browser } = await bank({
    "GET /ask": (_request, response) => html(response, "<form action=/answer><input name=q value=1></form>"),
    "GET /answer": (request, response) => html(response, `<p>${request.url}</p>`),
  });
  const page = await browser.open(`${url}/ask`);
  if (page.shown !== "page") throw new Error("no page was shown");
  const [form] = page.forms;
  if (form === undefined) throw new Error("no form was shown");
  expect(await browser.submit(page, form, { type: { q: "two" } })).toMatchObject({ text: "/answer?q=two" });
});

test("a bank that does not answer is a failure with a next step", async () => {
  const { browser } = await bank({});
  const error = await browser.open("http://127.0.0.1:1/").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StepFailed);
  expect(error).toMatchObject({ answer: { status: 0 }, next: expect.stringContaining("make status") });
});
