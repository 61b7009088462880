import { generateKeyPairSync, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../cli/quickstart/table.ts";
import { plantCustomers } from "../runtime/banking/seed/plant.ts";
import { household } from "../runtime/banking/seed/household.ts";
import { placeIn, type Person } from "../runtime/banking/seed/people.ts";
import {
  asRole,
  startStackDatabase,
  type StackDatabase,
} from "../runtime/database/testing/stack-database.ts";
import { embeddedKey } from "../key-store/embedded.ts";
import { CONTEXT_HEADER, encodeContext, type CallContext } from "../runtime/service/context.ts";
import { signMessage } from "../runtime/service/jws-signature.ts";
import { createLog } from "../runtime/service/logger.ts";
import { createUpstream, type Upstream } from "../runtime/service/mtls-client.ts";
import { createDatabase } from "../runtime/service/postgres.ts";
import {
  startServiceProcess,
  untilReady,
  type ServiceProcess,
} from "../runtime/service/testing/service-process.ts";

/** Calls per second of the service's CPU that must be reached. */
const PROMISES = { accounts: 3_000, balances: 3_000, payments: 400 } as const;
type What = keyof typeof PROMISES;

/** Calls under way at one time. */
const SIDE_BY_SIDE = 16;
/** Signatures that are measured. */
const SIGNATURES = 3_000;
/** Of /proc: a second has 100. */
const TICKS = 100;

const API = "/open-banking/v4.0";
const CLIENT = "ptn-00000000000000aa";
const PAYEE = { SchemeName: "UK.OBIE.IBAN", Identification: "DE75512108001245126199", Name: "Kamau Stores" };
const INITIATION = {
  InstructionIdentification: "instr-1",
  EndToEndIdentification: "e2e-1",
  InstructedAmount: { Amount: "1.00", Currency: "KES" },
  CreditorAccount: PAYEE,
};

/** CPU seconds a process has used so far, user and system. */
async function cpuOf({ pid }: ServiceProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

interface Row {
  readonly what: What;
  readonly calls: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Makes calls side by side and measures what they cost the service. */
async function measure(
  service: ServiceProcess,
  what: What,
  calls: number,
  call: (n: number) => Promise<number>,
): Promise<Row> {
  const [started, before] = [performance.now(), await cpuOf(service)];
  let next = 0;
  const keepOn = async (): Promise<void> => {
    for (let n = next++; n < calls; n = next++) {
      // A machine that is short of processors cuts connections and waits for the database; then it is asked again.
      const attempt = (): Promise<number> => call(n).catch(() => 503);
      let status = await attempt();
      for (let again = 0; status >= 500 && again < 20; again += 1) status = await attempt();
      if (status > 299) throw new Error(`Call ${n} of ${what} was answered ${status}.`);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, keepOn));
  const seconds = (performance.now() - started) / 1_000;
  const cpuSeconds = (await cpuOf(service)) - before;
  process.stderr.write(`${what}: ${calls} calls, ${cpuSeconds.toFixed(2)} CPU s\n`);
  return { what, calls, seconds, cpuSeconds };
}

/** Consents of payments, given already. */
async function giveConsents(
  stack: StackDatabase,
  count: number,
  payers: readonly { readonly customer: string; readonly account: string }[],
): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  const turn = ids.map((_id, n) => payers[n % payers.length]);
  await asRole(stack, "consent", (query) =>
    query(
      `insert into consents (id, client_id, kind, state, permissions, request, request_hash, risk, created_at,
         state_updated_at, expires_at, ends_at, policy, customer, accounts, debtor_account, grant_id, sca)
       select id, $2, 'domestic-payment', 'AUTH', '{}', $3, 'h', '{}', now(), now(), 'infinity', 'infinity',
         '{"hash": "h"}', customer, array[account], '{}', 'g', '{}'
       from unnest($1::text[], $4::text[], $5::text[]) as given (id, customer, account)`,
      [
        ids,
        CLIENT,
        { Initiation: INITIATION },
        turn.map((payer) => payer?.customer),
        turn.map((payer) => payer?.account),
      ],
    ),
  );
  return ids;
}

/** What the signature of an answer costs, beside what the payment itself cost in the same run. */
async function signingCost(payments: Row | undefined): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = "https://auth.east-africa.openbanking.test";
  const signer = {
    kid: "msg-1",
    alg: "ES256",
    key: embeddedKey("msg-1", privateKey),
    issuer,
    trustAnchor: issuer.slice(8),
  } as const;
  const answer = Buffer.alloc(1_000, "a");
  for (let n = 0; n < 500; n += 1) await signMessage(signer, answer, n);
  const before = process.cpuUsage();
  for (let n = 0; n < SIGNATURES; n += 1) await signMessage(signer, answer, n);
  const { user, system } = process.cpuUsage(before);
  const each = (user + system) / SIGNATURES;
  const share = payments === undefined ? 0 : each / ((payments.cpuSeconds * 1e6) / payments.calls);
  return `a signed answer: ${each.toFixed(0)} µs of the gateway, ${(100 * share).toFixed(1)} % of a payment's cost in banking`;
}

const { values } = parseArgs({
  options: { reads: { type: "string", default: "12000" }, payments: { type: "string", default: "3000" } },
});
const stack = await startStackDatabase();
const identity = (name: string) => stack.identity(name);
const seed = createDatabase({
  config: stack.database,
  user: "seed",
  schema: "banking",
  identity: await identity("seed"),
  log: createLog("seed", { level: "silent" }),
});
await plantCustomers(seed, "KE", new Date());
await seed.close();
const service = await startServiceProcess({
  main: join(import.meta.dirname, "../runtime/banking/main.ts"),
  config: {
    ...stack.config,
    redis: { host: "localhost", port: 1 },
    upstreams: { consent: "https://consent:8443" },
    demoData: true,
    database: { ...stack.database, poolSize: 8 },
  },
  identity: (await identity("banking")).current(),
  env: { NODE_ENV: "production" },
});
await untilReady(service);
const gateway: Upstream = createUpstream({
  identity: await identity("gateway"),
  origin: `https://localhost:${service.port}`,
  connections: SIDE_BY_SIDE,
  deadlineMs: 30_000,
});

/** Everybody's accounts in turn: no account is the one that all payments meet at. */
const homes = placeIn("KE").people.map((person: Person) =>
  household("KE", placeIn("KE"), person, new Date()),
);
const [{ customer, accounts } = { customer: "", accounts: [] }] = homes;
const ids = accounts.map(({ id }) => id);
const payers = homes.flatMap((home) =>
  home.accounts.map(({ id }) => ({ customer: home.customer, account: id })),
);
const contextOf = (
  consent: NonNullable<CallContext["consent"]>,
  consentId: string,
  of: string = customer,
): string =>
  encodeContext({
    clientId: CLIENT,
    partnerName: "Acme",
    scope: "accounts",
    interactionId: randomUUID(),
    customer: of,
    consentId,
    consent,
  });
const reading = contextOf(
  { permissions: ["ReadAccountsDetail", "ReadBalances"], accounts: ids, historyDays: 90 },
  "c-1",
);
const read = async (path: string): Promise<number> => {
  const answer = await gateway.request({ method: "GET", path, headers: { [CONTEXT_HEADER]: reading } });
  return answer.status;
};
const consents = await giveConsents(stack, Number(values.payments) + 200, payers);
const pay = async (n: number): Promise<number> => {
  const ConsentId = consents[n] ?? "";
  const { customer: of = "", account = "" } = payers[n % payers.length] ?? {};
  const consent = {
    kind: "domestic-payment" as const,
    permissions: [],
    accounts: [account],
    historyDays: 90,
  };
  const answer = await gateway.request({
    method: "POST",
    path: `${API}/pisp/domestic-payments`,
    headers: { [CONTEXT_HEADER]: contextOf(consent, ConsentId, of), "x-idempotency-key": randomUUID() },
    body: { json: { Data: { ConsentId, Initiation: INITIATION }, Risk: {} } },
  });
  return answer.status;
};

const reads = Number(values.reads);
// Compiled code is what a service runs all day.
await measure(service, "accounts", 1_000, () => read(`${API}/aisp/accounts`));
await measure(service, "payments", 200, (n) => pay(Number(values.payments) + n));
const rows = [
  await measure(service, "accounts", reads, () => read(`${API}/aisp/accounts`)),
  await measure(service, "balances", reads, () => read(`${API}/aisp/accounts/${ids[0]}/balances`)),
  await measure(service, "payments", Number(values.payments), pay),
];
const signing = await signingCost(rows.at(-1));
const perCpuSecond = ({ calls, cpuSeconds }: Row): number => Math.round(calls / cpuSeconds);
const titles = ["WHAT", "CALLS", "SECONDS", "CPU S", "PER CPU S", "PROMISED"];
process.stdout.write(
  table(
    titles.map((title, n) => ({ title, align: n === 0 ? "left" : "right" })),
    rows.map((row) => [
      row.what,
      String(row.calls),
      row.seconds.toFixed(1),
      row.cpuSeconds.toFixed(2),
      String(perCpuSecond(row)),
      String(PROMISES[row.what]),
    ]),
  ),
);
process.stdout.write(`\n${signing}\n`);
await gateway.close();
await service.stop();
await stack.stop();
const kept = rows.every((row) => perCpuSecond(row) >= PROMISES[row.what]);
process.stdout.write(kept ? "\nkept\n" : "\nNOT KEPT\n");
process.exitCode = kept ? 0 : 1;
