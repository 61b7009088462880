import { describe, expect, test } from "vitest";
import { CONSENT_STATES } from "../service/consent-snapshot.ts";
import { berlinGroupStatus, obuk3Status, obukStatus } from "./views.ts";

describe("a state in the words of each standard", () => {
  test("as a table", () => {
    const table = CONSENT_STATES.map((state) => [
      state,
      obukStatus("account-access", state),
      obukStatus("domestic-payment", state),
      obuk3Status("domestic-vrp", state),
      obuk3Status("file-payment", state),
      berlinGroupStatus(state, state === "CANC" ? "withdraw" : undefined),
    ]);
    expect(table).toEqual([
      ["AWUP", "AWUP", "AWUP", "AwaitingUpload", "AwaitingUpload", "received"],
      ["AWAU", "AWAU", "AWAU", "AwaitingAuthorisation", "AwaitingAuthorisation", "received"],
      ["AUTH", "AUTH", "AUTH", "Authorised", "Authorised", "valid"],
      ["COND", "COND", "COND", "Consumed", "Consumed", "expired"],
      ["RJCT", "RJCT", "RJCT", "Rejected", "Rejected", "rejected"],
      ["CANC", "CANC", "RJCT", "Revoked", "Rejected", "revokedByPsu"],
      ["EXPD", "EXPD", "RJCT", "Expired", "Rejected", "expired"],
    ]);
  });

  test("the Berlin Group tells who ended it", () => {
    expect(berlinGroupStatus("CANC", "delete")).toBe("terminatedByTpp");
    expect(berlinGroupStatus("CANC", "endPartner")).toBe("revokedByPsu");
  });
});
