import { expect, test } from "vitest";
import { type Login, Session } from "./session.ts";

/** A session of a store that hands out numbered tokens of a minute, or fails while `down`. */
function sessionOf(now: () => number, down: () => boolean = () => false) {
  let logins = 0;
  const login = async (): Promise<Login> => {
    if (down()) throw new Error("down");
    logins += 1;
    return { token: `token-${logins}`, lifeMs: 60_000 };
  };
  return new Session(login, now);
}

/** What runs beside the calls has come to its end. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("calls at once share one login, and it is done again at two thirds of its life, while the old one is used", async () => {
  let now = 0;
  const session = sessionOf(() => now);
  const both = () => Promise.all([session.token(), session.token()]);
  expect(await both()).toEqual(["token-1", "token-1"]);
  now = 39_999;
  expect(await both()).toEqual(["token-1", "token-1"]);
  await settled();
  expect(await session.token()).toBe("token-1");
  now = 40_000;
  expect(await both()).toEqual(["token-1", "token-1"]);
  await settled();
  expect(await both()).toEqual(["token-2", "token-2"]);
});

test("a call with a token that is good does not wait for a login that hangs", async () => {
  let now = 0;
  let logins = 0;
  const session = new Session(
    async () => {
      logins += 1;
      if (logins > 1) await new Promise<never>(() => undefined);
      return { token: "token-1", lifeMs: 60_000 };
    },
    () => now,
  );
  await session.token();
  now = 59_999;
  expect(await Promise.all([session.token(), session.token()])).toEqual(["token-1", "token-1"]);
  expect(logins).toBe(2);
});

test("while the store takes no login, the old token is used to its end and no longer", async () => {
  let now = 0;
  let down = false;
  const session = sessionOf(
    () => now,
    () => down,
  );
  await session.token();
  down = true;
  now = 59_999;
  expect(await session.token()).toBe("token-1");
  await settled();
  now = 60_000;
  await expect(session.token()).rejects.toThrow("down");
  down = false;
  expect(await session.token()).toBe("token-2");
});

test("a token that was refused is exchanged, and one that came after it is kept", async () => {
  const session = sessionOf(() => 0);
  const first = await session.token();
  expect(session.refused(first)).toBe(true);
  expect(await session.token()).toBe("token-2");
  expect(session.refused(first)).toBe(true);
  expect(await session.token()).toBe("token-2");
});

test("a token is not exchanged again and again when the new one is refused too", async () => {
  let now = 0;
  const session = sessionOf(() => now);
  expect(session.refused(await session.token())).toBe(true);
  expect(session.refused(await session.token())).toBe(false);
  now = 9_999;
  expect(session.refused(await session.token())).toBe(false);
  expect(await session.token()).toBe("token-2");
  now = 10_000;
  expect(session.refused(await session.token())).toBe(true);
  expect(await session.token()).toBe("token-3");
});

test("a token without an end is kept", async () => {
  let now = 0;
  let logins = 0;
  const session = new Session(
    async () => ({ token: `token-${(logins += 1)}`, lifeMs: Infinity }),
    () => now,
  );
  await session.token();
  now = 1e12;
  expect(await session.token()).toBe("token-1");
});
