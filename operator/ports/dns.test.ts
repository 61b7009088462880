import fc from "fast-check";
import { expect, test } from "vitest";
import { type DnsRecord, parseHosts, renderHosts } from "./dns.ts";

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);
const record = fc.record({ host: label.map((name) => `api.${name}.test`), address: fc.ipV4() });
const groups = fc
  .dictionary(label, fc.array(record, { minLength: 1, maxLength: 3 }))
  .map((all) => new Map(Object.entries(all)));
const sorted = (records: readonly DnsRecord[]) =>
  records.map(({ host, address }) => `${host} ${address}`).toSorted();

test("what is rendered reads back", () => {
  fc.assert(
    fc.property(groups, (all) => {
      const back = parseHosts(renderHosts(all));
      expect([...back.keys()].toSorted()).toEqual([...all.keys()].toSorted());
      for (const [group, records] of all) expect(sorted(back.get(group) ?? [])).toEqual(sorted(records));
    }),
  );
});

test("the text depends on the records alone, not on their order", () => {
  const a = { host: "api.a.test", address: "10.0.0.1" };
  const b = { host: "api.b.test", address: "10.0.0.2" };
  expect(
    renderHosts(
      new Map([
        ["a", [a]],
        ["b", [b]],
      ]),
    ),
  ).toBe(
    renderHosts(
      new Map([
        ["b", [b]],
        ["a", [a]],
      ]),
    ),
  );
});

test("lines that are not ours are no records", () => {
  expect(parseHosts("127.0.0.1 localhost\n# a remark\n\n").size).toBe(0);
});
