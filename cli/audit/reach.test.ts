import { expect, test } from "vitest";
import { reachOf } from "./reach.ts";

test.each([
  {
    what: "the whole log",
    verdicts: [
      { from: 0, to: 30 },
      { from: 30, to: 42 },
    ],
    compared: false,
    said: "That is said of leaves 0 to 41, from the log's first day; whether more came after them is not proved: give --seen what somebody else kept.",
  },
  {
    what: "one month of it, compared with what was kept",
    verdicts: [{ from: 30, to: 42 }],
    compared: true,
    said: "That is said of leaves 30 to 41, the 30 before are in earlier exports; no fewer than were seen elsewhere; whether more came since, a newer --seen tells.",
  },
  {
    what: "a month before the log began",
    verdicts: [{ from: 0, to: 0 }],
    compared: false,
    said: "That is said of no leaf, from the log's first day; whether more came after them is not proved: give --seen what somebody else kept.",
  },
])("a proof over $what says how far it goes", ({ verdicts, compared, said }) => {
  expect(reachOf(verdicts, compared)).toBe(said);
});
