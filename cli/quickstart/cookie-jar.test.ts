import { expect, test } from "vitest";
import { createCookieJar } from "./cookie-jar.ts";

const now = new Date("2026-11-22T12:00:00Z");
const auth = new URL("https://auth.test/interaction/1");

function jarWith(...setCookies: string[]) {
  const jar = createCookieJar(() => now);
  jar.store(auth, setCookies);
  return jar;
}

test.each([
  { why: "a cookie goes back to its host", set: "a=1; Path=/", to: "https://auth.test/x", want: "a=1" },
  { why: "another host gets nothing", set: "a=1; Path=/", to: "https://api.test/x", want: undefined },
  {
    why: "a Domain does not widen it",
    set: "a=1; Path=/; Domain=test",
    to: "https://api.test/",
    want: undefined,
  },
  {
    why: "a path is kept",
    set: "a=1; Path=/interaction",
    to: "https://auth.test/interaction/2",
    want: "a=1",
  },
  {
    why: "a path ends at a slash",
    set: "a=1; Path=/inter",
    to: "https://auth.test/interaction/2",
    want: undefined,
  },
  {
    why: "without a path the page's folder counts",
    set: "a=1",
    to: "https://auth.test/other",
    want: undefined,
  },
  {
    why: "a secure cookie is not sent in the clear",
    set: "a=1; Path=/; Secure",
    to: "http://auth.test/",
    want: undefined,
  },
  { why: "Max-Age=0 removes it", set: "a=1; Path=/; Max-Age=0", to: "https://auth.test/", want: undefined },
  {
    why: "a past Expires removes it",
    set: "a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    to: "https://auth.test/",
    want: undefined,
  },
])("$why", ({ set, to, want }) => {
  expect(jarWith(set).header(new URL(to))).toBe(want);
});

test("the longer path comes first, and a new value replaces the old one", () => {
  const jar = jarWith("a=old; Path=/", "a=new; Path=/", "b=2; Path=/interaction");
  expect(jar.header(auth)).toBe("b=2; a=new");
});
