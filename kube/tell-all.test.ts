import { expect, test } from "vitest";
import { tellAll } from "./tell-all.ts";

test("a listener that throws keeps no other from hearing", () => {
  const heard: string[] = [];
  const errors: unknown[] = [];
  const deaf = () => {
    throw new Error("deaf");
  };
  tellAll([deaf, (news: string) => heard.push(news)], "news", (error) => errors.push(error));
  expect(heard).toEqual(["news"]);
  expect(errors).toEqual([new Error("deaf")]);
});
