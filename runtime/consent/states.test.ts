import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONSENT_STATES } from "../service/consent-snapshot.ts";
import { isEnd, stateAfter, TRANSITIONS, type TransitionName } from "./states.ts";

const names = Object.keys(TRANSITIONS) as TransitionName[];
const anyState = fc.constantFrom(...CONSENT_STATES);
const anyName = fc.constantFrom(...names);

describe("the life of a consent", () => {
  test("as a table", () => {
    const table = Object.fromEntries(
      names.map((name) => [
        name,
        Object.fromEntries(CONSENT_STATES.map((from) => [from, stateAfter(from, name)])),
      ]),
    );
    expect(table).toEqual({
      upload: { AWUP: "AWAU" },
      use: { AUTH: "COND" },
      authorise: { AWAU: "AUTH" },
      reauthorise: { AUTH: "AUTH" },
      migrate: { AUTH: "AUTH" },
      reject: { AWAU: "RJCT" },
      withdraw: { AUTH: "CANC" },
      delete: { AWUP: "CANC", AWAU: "CANC", AUTH: "CANC" },
      endPartner: { AWUP: "CANC", AWAU: "CANC", AUTH: "CANC" },
      expire: { AWUP: "EXPD", AWAU: "EXPD", AUTH: "EXPD" },
    });
  });

  test("once ended, nothing changes it", () => {
    fc.assert(
      fc.property(anyState, fc.array(anyName), (first, steps) => {
        let state = first;
        for (const step of steps) {
          const next = stateAfter(state, step);
          expect(isEnd(state) && next !== undefined).toBe(false);
          state = next ?? state;
        }
      }),
    );
  });

  test("it is authorised only by authorising, stays so when it is migrated, and waits again only for its customer, after its file", () => {
    fc.assert(
      fc.property(anyState, anyName, (state, name) => {
        const next = stateAfter(state, name);
        expect(next).not.toBe("AWUP");
        expect(next === "AWAU").toBe(name === "upload" && next !== undefined);
        expect(next === "AUTH").toBe(
          ["authorise", "reauthorise", "migrate"].includes(name) && next !== undefined,
        );
      }),
    );
  });
});
