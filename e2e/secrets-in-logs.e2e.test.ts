import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AISP } from "../cli/quickstart/account-api.ts";
import { demoCustomer } from "../cli/quickstart/demo-customers.ts";
import { credentialsOf } from "../cli/quickstart/session.ts";
import { until } from "../local/wait.ts";
import { type Bank, groupNamed, openBank } from "./support/bank.ts";
import { CLUSTERS } from "./support/clusters.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { tlsRequest } from "./support/tls-request.ts";
import { leave, newVisitor, type Visitor } from "./support/visitor.ts";

let bank: Bank;
let visitor: Visitor;
/** What must be in no log, by name. */
let secrets: Readonly<Record<string, string>>;
/** Is in the gateway's log, so that it is known what was searched. */
const interactionId = randomUUID();

beforeAll(async () => {
  bank = await openBank();
  const group = groupNamed(bank, "east-africa");
  visitor = await newVisitor(bank, group, "quiet");
  const { session, given, partner } = visitor;
  const { accessToken, refreshToken } = given.tokens;
  const accounts = await session.api.call("GET", "/accounts", accessToken);
  // A token where none belongs, as a careless partner would send it.
  await tlsRequest({
    url: `https://${group.api}${AISP}/accounts?access_token=${accessToken}`,
    credentials: credentialsOf(partner),
    network: bank.network,
    headers: { "x-fapi-interaction-id": interactionId },
  });
  const personal = membersNamed(JSON.parse(accounts.body), ["Identification", "Name"]);
  secrets = {
    "the access token": accessToken,
    "the signature of the access token": accessToken.split(".").at(-1) ?? accessToken,
    ...(refreshToken === undefined ? {} : { "the refresh token": refreshToken }),
    "the customer's password": demoCustomer(group).password,
    "the partner's transport key": partner.keys.transportKey.split("\n")[1] ?? "",
    ...Object.fromEntries(personal.map((value, n) => [`personal data, number ${n + 1}`, value])),
  };
});

afterAll(() =>
  inAnyCase(
    () => leave(bank, visitor),
    () => bank?.close(),
  ),
);

test("SEC-43: no token, password, key or personal data of a customer is in any log", async () => {
  await until(async () => ((await placesOf(interactionId)).length > 0 ? true : undefined), {
    timeout: 30_000,
    what: "the call in the gateway's log",
  });
  expect(Object.keys(secrets).length).toBeGreaterThan(6);
  const found: string[] = [];
  for (const [what, secret] of Object.entries(secrets))
    for (const place of await placesOf(secret)) found.push(`${what} is in ${place}`);
  expect(found.join("\n")).toBe("");
});

test("SEC-43: no private key and no JSON Web Token of anybody is in any log", async () => {
  const found: string[] = [];
  for await (const { place, text } of logs())
    for (const pattern of [/-----BEGIN [A-Z ]*PRIVATE KEY/, /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/])
      if (pattern.test(text)) found.push(`${pattern.source} is in ${place}`);
  expect(found.join("\n")).toBe("");
});

/** Logs that have a text in them. */
async function placesOf(text: string): Promise<readonly string[]> {
  const places: string[] = [];
  for await (const log of logs()) if (log.text.includes(text)) places.push(log.place);
  return places;
}

/** Every log of every container and component in the clusters, one after the other. */
async function* logs(): AsyncGenerator<{ readonly place: string; readonly text: string }> {
  for (const cluster of CLUSTERS)
    for (const folder of [join(cluster, "kubelet/pod-logs"), join(cluster, "log")]) {
      const root = join(bank.runFolder, folder);
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((each) => each.isFile())) {
        const path = join(entry.parentPath, entry.name);
        const place = path.slice(bank.runFolder.length + 1);
        // A pod that goes takes its logs with it.
        yield { place, text: await readFile(path, "utf8").catch(() => "") };
      }
    }
}

/** Texts of members with those names, however deep. */
function membersNamed(value: unknown, names: readonly string[]): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const found = Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === "string" && names.includes(name) ? [inner] : membersNamed(inner, names),
  );
  return [...new Set(found)];
}
