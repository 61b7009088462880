import { expect, test } from "vitest";
import { moduleProxy } from "./go-toolchain.ts";

test.each([
  { setting: undefined, want: "https://proxy.golang.org" },
  { setting: "off", want: "https://proxy.golang.org" },
  { setting: "direct", want: "https://proxy.golang.org" },
  { setting: "https://proxy.example.org/go/,direct", want: "https://proxy.example.org/go" },
  { setting: "http://127.0.0.1:8080|direct", want: "http://127.0.0.1:8080" },
])("Go is fetched from $want when GOPROXY is $setting", ({ setting, want }) => {
  expect(moduleProxy(setting)).toBe(want);
});
