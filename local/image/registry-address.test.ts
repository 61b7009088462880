import { expect, test } from "vitest";
import { referenceIn, registryAddress, repositoryOf } from "./registry-address.ts";

test.each([
  {
    text: "registry.example/bank/platform",
    want: { origin: "https://registry.example", host: "registry.example", path: "bank/platform" },
  },
  {
    text: "https://registry.example/bank/",
    want: { origin: "https://registry.example", host: "registry.example", path: "bank" },
  },
  {
    text: "127.0.0.1:5000/bank",
    want: { origin: "http://127.0.0.1:5000", host: "127.0.0.1:5000", path: "bank" },
  },
  { text: "localhost/bank", want: { origin: "http://localhost", host: "localhost", path: "bank" } },
  {
    text: "https://localhost:5001/bank",
    want: { origin: "https://localhost:5001", host: "localhost:5001", path: "bank" },
  },
  { text: "[::1]:5000/bank", want: { origin: "http://[::1]:5000", host: "[::1]:5000", path: "bank" } },
  {
    text: "http://10.1.2.3:5000/bank",
    want: { origin: "http://10.1.2.3:5000", host: "10.1.2.3:5000", path: "bank" },
  },
  { text: "10.1.2.3:5000", want: { origin: "https://10.1.2.3:5000", host: "10.1.2.3:5000", path: "" } },
  {
    text: "docker.io/bank",
    want: { origin: "https://registry-1.docker.io", host: "docker.io", path: "bank" },
  },
])("$text is a registry", ({ text, want }) => {
  expect(registryAddress(text)).toEqual(want);
});

test.each([
  { text: "", says: "names no host" },
  { text: "/bank", says: "names no host" },
  { text: "ftp://registry.example/bank", says: "names no host" },
  { text: "user@registry.example/bank", says: "names no host" },
  { text: "bank/platform", says: "neither a dot nor a port" },
  { text: "registry.example/Bank", says: '"Bank" is not as repositories are named' },
  { text: "registry.example/bank:1", says: "no tag" },
  { text: "registry.example//bank", says: 'part ""' },
  { text: "registry.example/../bank", says: 'part ".."' },
])("REGISTRY=$text is refused in one sentence with an example", ({ text, says }) => {
  expect(() => registryAddress(text)).toThrow(says);
  expect(() => registryAddress(text)).toThrow("REGISTRY=registry.example/bank.");
});

test("an image keeps its name and tag in every registry", () => {
  const local = "wekeza.local/wekeza:0123456789ab";
  expect(referenceIn(registryAddress("registry.example:5000/bank"), local)).toBe(
    "registry.example:5000/bank/wekeza:0123456789ab",
  );
  expect(referenceIn(registryAddress("registry.example"), local)).toBe(
    "registry.example/wekeza:0123456789ab",
  );
  expect(repositoryOf(registryAddress("docker.io/bank"), "redis")).toBe("bank/redis");
});
