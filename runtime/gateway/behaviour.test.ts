import { expect, test } from "vitest";
import { createBehaviour } from "./behaviour.ts";

const ACME = "ptn-0123456789abcdef";

/** So many calls with that refusal. */
function calls(
  behaviour: ReturnType<typeof createBehaviour>,
  count: number,
  refusal = "",
  clientId = ACME,
): void {
  for (let call = 0; call < count; call += 1) behaviour.observe({ clientId, refusal });
}

test("who behaves is not named, nor who has hardly called, nor who is nobody", () => {
  const behaviour = createBehaviour(() => 0);
  calls(behaviour, 1_000);
  calls(behaviour, 19, "TokenInvalid", "ptn-few");
  calls(behaviour, 1_000, "TokenInvalid", "");
  expect(behaviour.scores()).toEqual({});
});

test("the score is the share of calls that tell of trouble, in tens", () => {
  const behaviour = createBehaviour(() => 0);
  calls(behaviour, 50);
  calls(behaviour, 50, "TokenOfOtherCertificate");
  expect(behaviour.scores()).toEqual({ [ACME]: 50 });
});

test("meeting one's limit alone never leads to a suspension", () => {
  const behaviour = createBehaviour(() => 0);
  calls(behaviour, 1_000, "RateLimited");
  expect(behaviour.scores()).toEqual({ [ACME]: 50 });
});

test("what the platform itself could not do tells nothing", () => {
  const behaviour = createBehaviour(() => 0);
  calls(behaviour, 100, "UpstreamUnavailable");
  expect(behaviour.scores()).toEqual({});
});

test("a minute later it is forgotten", () => {
  let now = 0;
  const behaviour = createBehaviour(() => now);
  calls(behaviour, 100, "TokenInvalid");
  now = 59_999;
  expect(behaviour.scores()).toEqual({ [ACME]: 100 });
  now = 60_000;
  expect(behaviour.scores()).toEqual({});
});
