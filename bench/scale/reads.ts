import { headOf, nodeReader } from "../../runtime/audit/log.ts";
import { inclusionProof } from "../../runtime/audit/tree/proof.ts";
import { createLedger } from "../../runtime/banking/ledger.ts";
import { createConsentStore } from "../../runtime/consent/store.ts";
import { createNotificationStore } from "../../runtime/events/notification-store.ts";
import { loginExplained } from "./budget.ts";
import type { StackDatabase } from "../../runtime/database/testing/stack-database.ts";
import type { Size } from "./size.ts";
import type { World } from "./journeys/world.ts";

/** What a kind of read cost, on average. */
export interface ReadCost {
  readonly what: string;
  /** Of 8 kB, from memory or disk. */
  readonly pages: number;
}

/** Reads of each kind. */
const READS = 500;
/** Steps of this part of a whole fall everywhere in it, and no two near each other. */
const GOLDEN = 0.618_033_988_749_895;

/** What reads cost in a filled database: all over it, so that no page is read because the one before had it. */
export async function readCosts(stack: StackDatabase, size: Size, at: Date): Promise<readonly ReadCost[]> {
  const as = await loginExplained(stack);
  try {
    const costs: ReadCost[] = [];
    for (const [what, database, read] of readsOf(as, size, at)) {
      await read(1, 1);
      database.taken();
      for (let n = 1; n <= READS; n += 1) {
        const part = (n * GOLDEN) % 1;
        await read(1 + Math.floor(part * size.customers), 1 + Math.floor(part * size.consents));
      }
      const buffers = database
        .taken()
        .filter(({ depth }) => depth === 0)
        .reduce((sum, { plan }) => sum + plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], 0);
      costs.push({ what, pages: buffers / READS });
    }
    return costs;
  } finally {
    for (const database of Object.values(as)) await database.close();
  }
}

type Read = readonly [
  what: string,
  database: World["as"]["consent"],
  read: (customer: number, consent: number) => Promise<unknown>,
];

function readsOf(
  { consent, banking, events, audit }: World["as"],
  { customers }: Size,
  at: Date,
): readonly Read[] {
  const consents = createConsentStore(consent);
  const ledger = createLedger(banking);
  const notifications = createNotificationStore(events);
  const from = new Date(at.getTime() - 90 * 86_400_000);
  const page = { from, to: at, credits: true, debits: true, limit: 25 };
  return [
    ["a consent", consent, (_customer, n) => consents.find(`scale-con-${n}`)],
    // Of one who has some: where there are more customers than consents, most have none.
    [
      "a customer's consents",
      consent,
      (_customer, n) => consents.ofCustomer(`scale-cus-${1 + (n % customers)}`),
    ],
    ["a customer's accounts", banking, (n) => ledger.accountsOf(`scale-cus-${n}`)],
    [
      "25 transactions of an account",
      banking,
      (n) => ledger.transactions({ ...page, accounts: [`scale-acc-${n}-1`] }),
    ],
    [
      "25 of an account with 1,000",
      banking,
      (n) => ledger.transactions({ ...page, accounts: [`scale-acc-${1 + (n % 10)}-1`] }),
    ],
    ["ten notifications that wait", events, () => notifications.waiting("scale-ptn-1", 10)],
    [
      "an inclusion proof of a leaf",
      audit,
      async (_customer, n) => inclusionProof(n - 1, (await headOf(audit)).frontier.size, nodeReader(audit)),
    ],
  ];
}
