import { describe, expect, test } from "vitest";
import type { Roster, Shard } from "../../../crds/shard.ts";
import { createDirectory } from "../../service/shards.ts";
import { ACME, aRoster, aShard, testSigner } from "../../service/testing/signed.ts";
import { newDeclarations } from "./declarations.ts";

const signer = testSigner();
const ledger = { name: "ledger", url: "https://acme.example/events" };
const acme = (version: number, receives = true) => ({ client: ACME, version, receives });

function directory(shard: Partial<Shard> | undefined, roster: Partial<Roster> | undefined) {
  const made = createDirectory({ group: "ke", trust: signer.trust, startedAt: new Date(0) });
  if (shard) made.take(signer.shard(aShard(shard)));
  if (roster) made.take(signer.roster(aRoster(roster)));
  return made;
}

describe("what is new", () => {
  test("is what a listed partner's shard says, by its version", () => {
    const partners = directory({ version: 7, webhooks: [ledger] }, {});
    const said = [{ client: ACME, version: 7, webhooks: [ledger] }];
    expect(newDeclarations(partners, [])).toEqual(said);
    expect(newDeclarations(partners, [acme(6)])).toEqual(said);
  });

  test("is that there are none any more, from a shard that names none", () => {
    expect(newDeclarations(directory({ version: 7 }, {}), [acme(6)])).toEqual([
      { client: ACME, version: 7, webhooks: [] },
    ]);
  });

  test("is the end of whom the roster does not list, by the roster's version", () => {
    const gone = directory({ version: 7, webhooks: [ledger] }, { version: 9, partners: [] });
    expect(newDeclarations(gone, [acme(7)])).toEqual([{ client: ACME, version: 9, webhooks: [] }]);
    expect(newDeclarations(gone, [acme(9, false)])).toEqual([]);
  });
});

describe("nothing is new", () => {
  test.each([
    { why: "when the database knows it", shard: { version: 7, webhooks: [ledger] }, roster: {} },
    { why: "when it knows more than this process has seen", shard: { version: 6, webhooks: [] }, roster: {} },
    { why: "before there is a roster", shard: { version: 8, webhooks: [] }, roster: undefined },
    { why: "of a listed partner whose shard has not come", shard: undefined, roster: { version: 9 } },
    {
      why: "of one whose shard is older than the roster demands",
      shard: { version: 8, webhooks: [] },
      roster: { partners: [{ clientId: ACME, minimumVersion: 9, suspended: false, revoked: [] }] },
    },
    {
      why: "by a roster from before the partner was there",
      shard: undefined,
      roster: { version: 5, partners: [] },
    },
  ])("$why", ({ shard, roster }) => {
    expect(newDeclarations(directory(shard, roster), [acme(7)])).toEqual([]);
  });

  test("of a partner that is suspended: it keeps its webhooks, and is told nothing meanwhile", () => {
    const partners = [{ clientId: ACME, minimumVersion: 1, suspended: true, revoked: [] }];
    const suspended = directory({ version: 7, webhooks: [ledger] }, { version: 9, partners });
    expect(newDeclarations(suspended, [acme(7)])).toEqual([]);
  });
});
