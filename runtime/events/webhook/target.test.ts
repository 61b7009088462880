import fc from "fast-check";
import { expect, test } from "vitest";
import { isPublic, objectionToUrl, pinnedAddress } from "./target.ts";

test.each([
  "127.0.0.1",
  "10.80.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
  "::1",
  "::",
  "::ffff:127.0.0.1",
  "::ffff:8.8.8.8",
  "64:ff9b::7f00:1",
  "fe80::1",
  "fd00::1",
  "2002:7f00:1::",
  "2001:db8::1",
  "not an address",
])("%s is not on the Internet", (address) => {
  expect(isPublic(address)).toBe(false);
});

test.each(["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"])(
  "%s is on the Internet",
  (address) => {
    expect(isPublic(address)).toBe(true);
  },
);

test.each([
  "http://tpp.example/events",
  "https://user@tpp.example/",
  "https://:secret@tpp.example/",
  "https://tpp.example/#a",
  "https://tpp.example:8443/",
  "https://8.8.8.8/",
  "https://[::1]/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://localhost/",
  "https://consent/",
  "file:///etc/passwd",
  "tpp.example",
])("%s is refused as a receiver", (url) => {
  expect(objectionToUrl(url, [])).toBeTypeOf("string");
});

test("a sandbox may call the private hosts it names, and no other", () => {
  expect(objectionToUrl("https://10.80.0.1:9443/events", ["10.80.0.1"])).toBeUndefined();
  expect(objectionToUrl("https://10.80.0.2/events", ["10.80.0.1"])).toBe("must name a host, not an address");
  expect(pinnedAddress("receiver.test", ["10.80.0.1"], ["receiver.test"])).toBe("10.80.0.1");
});

test("a host with one private address among public ones is not called", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("8.8.8.8", "9.9.9.9", "2606:4700::1111")),
      fc.constantFrom("127.0.0.1", "10.1.2.3", "::1", "::ffff:10.1.2.3"),
      fc.array(fc.constantFrom("8.8.4.4")),
      (before, inside, after) => {
        expect(() => pinnedAddress("tpp.example", [...before, inside, ...after], [])).toThrow(
          `leads to ${inside}, which is not on the Internet`,
        );
      },
    ),
  );
});

test("a host without an address is not called", () => {
  expect(() => pinnedAddress("tpp.example", [], [])).toThrow("tpp.example has no address.");
});
