import { expect, test } from "vitest";
import { loginIn } from "./registry-login.ts";

const auth = Buffer.from("ci:a:b").toString("base64");
const login = { username: "ci", password: "a:b" };

test.each([
  { why: "a bare host", name: "registry.example:5000", host: "registry.example:5000" },
  { why: "an URL", name: "https://registry.example", host: "registry.example" },
  { why: "an URL of version 2", name: "https://registry.example/v2/", host: "registry.example" },
  { why: "Docker Hub", name: "https://index.docker.io/v1/", host: "docker.io" },
])("a login is found under $why; its password may hold a colon", ({ name, host }) => {
  expect(loginIn({ auths: { [name]: { auth } } }, host)).toEqual({ login });
});

test("name and password may stand in plain text", () => {
  expect(loginIn({ auths: { "registry.example": login } }, "registry.example")).toEqual({ login });
});

test("another host's login is not used", () => {
  expect(loginIn({ auths: { "registry.example": { auth } } }, "registry.example:5000")).toEqual({});
});

test.each([
  { why: "of all registries", settings: { credsStore: "pass" } },
  { why: "of this one", settings: { credHelpers: { "registry.example": "pass" } } },
])("a helper that holds the logins $why is named", ({ settings }) => {
  const auths = { "registry.example": {} };
  expect(loginIn({ auths, ...settings }, "registry.example")).toEqual({ helper: "docker-credential-pass" });
});
