import { expect, test } from "vitest";
import { Spellings } from "./spellings.ts";

const entry = (uid: string, cluster = "ke") => ({
  cluster,
  apiVersion: "v1",
  kind: "ConfigMap",
  name: "settings",
  uid,
});
const found = [{ path: "data.size", live: '"1"' }];

/** What is known of a ConfigMap whose server wrote one field otherwise. */
function learned(): Spellings {
  const spellings = new Spellings();
  spellings.learn(entry("one"), "sent", found);
  return spellings;
}

test("what a server made of what was sent is no difference, as long as it is that", () => {
  const spellings = learned();
  expect(spellings.within(entry("one"), "sent", found)).toEqual(found);
  expect(spellings.within(entry("one"), "sent", [{ path: "data.size", live: '"2"' }])).toEqual([]);
  expect(spellings.within(entry("one"), "sent later", found)).toEqual([]);
  expect(spellings.within(entry("one", "ug"), "sent", found)).toEqual([]);
});

test("nothing is known of an object of the same name that came later", () => {
  expect(learned().within(entry("two"), "sent", found)).toEqual([]);
});

test("what is known of an object goes with it", () => {
  const spellings = learned();
  spellings.forget(entry("one"));
  expect(spellings.within(entry("one"), "sent", found)).toEqual([]);
});
