import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PERMISSIONS } from "../../../crds/consent-policy.ts";
import { codePage } from "./code.ts";
import { consentPage, type ConsentView } from "./consent.ts";
import { failurePage } from "./failure.ts";
import { html } from "./html.ts";
import { loginPage } from "./login.ts";
import { permissionWords } from "./permission-words.ts";

const form = {
  action: "/interaction/u",
  csrf: "token",
  partnerName: "Acme Finance",
  returnOrigin: "https://acme.example",
};
const view: ConsentView = {
  permissions: ["ReadTransactionsBasic", "ReadBalances", "ReadTransactionsCredits"],
  expiresAt: "2027-02-20T23:59:59Z",
  transactionFrom: "2026-09-01T00:00:00Z",
  historyDays: 90,
  accounts: [
    { accountId: "acc-1", currency: "KES", nickname: "Everyday", identification: "••••4321" },
    { accountId: "acc-2", currency: "EUR" },
  ],
  chosen: ["acc-2"],
};
const pages = {
  login: loginPage(form),
  "login with a problem": loginPage({ ...form, problem: "Enter your user name and your password." }),
  code: codePage(form),
  consent: consentPage(form, view),
  failure: failurePage({ heading: "This cannot go on", text: "Start again.", code: "not_found" }),
};

test.each(Object.entries(pages))("the page %s looks like this", async (name, { body }) => {
  await expect(body).toMatchFileSnapshot(`golden/${name.replaceAll(" ", "-")}.html`);
});

test.each(Object.entries(pages))(
  "the page %s can be used without script, sight or mouse",
  (_name, { body, headers }) => {
    expect(body).toContain('<html lang="en">');
    expect(body.match(/<h1>/g)).toHaveLength(1);
    expect(body).not.toMatch(/<script|javascript:|\son[a-z]+=/i);
    const labelled = [...body.matchAll(/<label for="([^"]+)"/g)].map(([, id]) => id);
    const inputs = [...body.matchAll(/<input\s[^>]*type="(text|password)"[^>]*>/g)].map(
      ([tag]) => /id="([^"]+)"/.exec(tag)?.[1],
    );
    expect(inputs).toEqual(labelled);
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
    );
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["cache-control"]).toBe("no-store");
  },
);

test.each(Object.entries(pages))(
  "the style of the page %s is the one its policy allows",
  (_name, { body, headers }) => {
    const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(body) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    expect(headers["content-security-policy"]).toContain(`style-src 'sha256-${hash}'`);
  },
);

test("a problem is announced and stands in the title", () => {
  expect(pages["login with a problem"].body).toContain('role="alert"');
  expect(pages["login with a problem"].body).toMatch(/<title>Problem: /);
});

test("no text of others becomes markup", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(
        html`<p title="${text}">${[text, html`${text}`]}</p>`.markup.replace(/^<p title="|">|<\/p>$/g, ""),
      ).not.toMatch(/[<>"']/);
    }),
  );
  const hostile = '"><script>alert(1)</script>';
  const { body } = consentPage(
    { ...form, partnerName: hostile },
    {
      ...view,
      permissions: [hostile],
      accounts: [{ accountId: hostile, currency: hostile, nickname: hostile }],
    },
  );
  expect(body).not.toContain("<script");
});

test("every permission has words, and an unknown one is shown as it is, last", () => {
  expect(new Set(permissionWords(PERMISSIONS)).size).toBe(PERMISSIONS.length);
  for (const words of permissionWords(PERMISSIONS)) expect(words).not.toMatch(/^Read/);
  expect(permissionWords(["ReadEverything", "ReadBalances"]).at(-1)).toBe("ReadEverything");
});
