import fc from "fast-check";
import { expect, test } from "vitest";
import { formsOf, textOf } from "./html-form.ts";

test("a login form has its fields with the words beside them, and its button", () => {
  const [form] = formsOf(`<!doctype html><title>Log in</title>
    <form method="post" action="/interaction/a?b=1&amp;c=2">
      <input type="hidden" name="csrf" value="t&quot;k">
      <label for="u">User name</label><input id="u" name="username" autocomplete="username">
      <label>Password <input type=password name=password></label>
      <button type="submit" name="do" value="login">Log <b>in</b></button>
    </form>`);
  expect(form).toEqual({
    action: "/interaction/a?b=1&c=2",
    method: "POST",
    fields: [
      { name: "csrf", type: "hidden", value: 't"k', label: "", checked: false, autocomplete: "" },
      {
        name: "username",
        type: "text",
        value: "",
        label: "User name",
        checked: false,
        autocomplete: "username",
      },
      { name: "password", type: "password", value: "", label: "Password", checked: false, autocomplete: "" },
    ],
    buttons: [{ name: "do", value: "login", label: "Log in" }],
  });
});

test("boxes of one name are told apart by their labels", () => {
  const [form] = formsOf(`<form>
    <label><input type="checkbox" name="account" value="1" checked> Savings</label>
    <label><input type="checkbox" name="account" value="2"> Current</label></form>`);
  expect(form?.fields.map(({ label, value, checked }) => [label, value, checked])).toEqual([
    ["Savings", "1", true],
    ["Current", "2", false],
  ]);
});

test("an input of type submit is a button, and a button of type button is none", () => {
  const [form] = formsOf(`<form><input type=submit value="Go"><button type=button>Help</button></form>`);
  expect(form?.buttons.map(({ label }) => label)).toEqual(["Go"]);
  expect(form?.fields).toEqual([]);
});

test("the text of a page leaves out styles and tags and decodes entities", () => {
  expect(textOf(`<head><title>x</title></head><style>p{}</style><p>Acme &amp; Sons&#39; <b>bank</b>`)).toBe(
    "Acme & Sons' bank",
  );
});

const pieces = [
  "<",
  ">",
  "/",
  "=",
  '"',
  "'",
  " ",
  "a",
  "form",
  "input",
  "label",
  "button",
  "&",
  ";",
  "#x",
  "0",
];

test("no page makes the reader throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...pieces) }), (html) => {
      expect(Array.isArray(formsOf(html))).toBe(true);
      expect(typeof textOf(html)).toBe("string");
    }),
  );
});
