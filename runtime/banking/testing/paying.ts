import { createHash, randomUUID } from "node:crypto";
import { asRole } from "../../database/testing/stack-database.ts";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import type { CallContext } from "../../service/context.ts";
import type { Account } from "../core-bank.ts";
import type { Bookings } from "../payments/bookings.ts";
import { bookNext, dispatchNext } from "../payments/dispatch.ts";
import { kindOf, PISP_PATH, type PaymentKind } from "../payments/kinds.ts";
import type { Receiver } from "../payments/outgoing.ts";
import { createSandboxScheme } from "../payments/sandbox.ts";
import type { Scheme } from "../payments/scheme.ts";
import { createLog } from "../../service/logger.ts";
import { ACME, NOW, type Answer, type TestBank } from "./bank.ts";

/** A payment's answer, as far as tests look at it. */
export interface PaymentBody {
  readonly Data: {
    readonly Status: string;
    readonly StatusReason?: readonly { readonly StatusReasonCode: string }[];
    readonly [member: string]: unknown;
  };
}

/** A consent a customer gave. */
export interface Given {
  readonly id: string;
  readonly kind: ConsentKind;
  readonly initiation: object;
  readonly context: CallContext;
}

/** Payments of demo customers over a test bank. */
export function paying(bank: TestBank) {
  const contradictions: Receiver[] = [];
  const dispatching = {
    database: bank.database,
    log: createLog("test", { level: "silent" }),
    onContradiction: (by: Receiver) => void contradictions.push(by),
  };

  /** A consent that the customer gave, as the consent service keeps it. */
  async function consented(
    kind: ConsentKind,
    data: Readonly<Record<string, unknown>>,
    {
      username = "wanjiru",
      clientId = ACME,
      file,
    }: { username?: string; clientId?: string; file?: Buffer } = {},
  ): Promise<Given> {
    const { customer, accounts } = bank.home(username);
    const [account = ""] = accounts;
    const id = `test-${randomUUID()}`;
    const until = "2036-01-01T00:00:00Z";
    await asRole(bank.stack, "consent", async (query) => {
      await query(
        `insert into consents (id, client_id, kind, state, permissions, request, request_hash, risk, created_at, state_updated_at,
           expires_at, ends_at, policy, customer, accounts, debtor_account, grant_id, sca)
         values ($1, $2, $3, 'AUTH', '{}', $4, 'h', '{}', $5, $5, $6, $6, '{"hash": "h"}', $7, $8, '{}', 'grant-1', '{}')`,
        [id, clientId, kind, data, NOW, until, customer, [account]],
      );
      if (file !== undefined) {
        await query(
          "insert into files (consent, media_type, content, at) values ($1, 'application/json', $2, $3)",
          [id, file, NOW],
        );
      }
    });
    const initiation = (data["Initiation"] ?? {}) as Readonly<Record<string, unknown>>;
    const amount = initiation["InstructedAmount"] as { Amount: string; Currency: string } | undefined;
    const context: CallContext = {
      clientId,
      partnerName: "Acme",
      scope: "payments",
      interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
      customer,
      consentId: id,
      grantId: "grant-1",
      consent: {
        kind,
        permissions: [],
        accounts: [account],
        historyDays: 90,
        ...(amount === undefined ? {} : { amount }),
      },
    };
    return { id, kind, initiation, context };
  }

  /** Pays by a consent; `body` over the usual. */
  function pay(
    { id, kind, initiation, context }: Given,
    { key = randomUUID(), data = {} }: { key?: string; data?: object } = {},
  ): Promise<Answer<PaymentBody>> {
    const payload = {
      Data: { ConsentId: id, Initiation: initiation, ...data },
      ...(kind === "file-payment" ? {} : { Risk: {} }),
    };
    const path = `${PISP_PATH}/${kindOf(kind).resource}`;
    return bank.send({ method: "POST", path, payload, context, headers: { "x-idempotency-key": key } });
  }

  /** Looks at a payment as its partner. */
  function look(kind: PaymentKind, id: unknown, clientId = ACME, tail = ""): Promise<Answer<PaymentBody>> {
    return bank.send({
      path: `${PISP_PATH}/${kindOf(kind).resource}/${String(id)}${tail}`,
      context: { clientId },
    });
  }

  async function left(to: Receiver, at: Date): Promise<boolean> {
    const { count } = await bank.database.query(
      "select 1 from outgoing where answered_at is null and goes_to = $2 and next_at <= $1",
      [at, to],
    );
    return count > 0;
  }

  return {
    consented,
    pay,
    look,
    /** Who has contradicted itself so far, once for each time. */
    contradictions: contradictions as readonly Receiver[],
    /** What handing over works with. */
    dispatching,
    /** The account that payments of a demo customer are paid from. */
    async accountOf(username = "wanjiru"): Promise<Account> {
      const { customer, accounts } = bank.home(username);
      const found = (await bank.bank.accountsOf(customer)).find(({ id }) => id === accounts[0]);
      if (found === undefined) throw new Error(`${username} has no account.`);
      return found;
    },
    /** Carries out everything that is due at a time. */
    async carryOut(at: Date): Promise<void> {
      while (await bank.payments.carryOutNext(at));
    },
    /** Hands over all money that is to leave. */
    async dispatch(at: Date, scheme: Scheme = createSandboxScheme()): Promise<void> {
      while (await left("scheme", at)) await dispatchNext({ ...dispatching, scheme }, at);
    },
    /** Has a core of the bank's own book all that is to be booked, or given back. */
    async book(at: Date, core: Bookings): Promise<void> {
      while (await left("core", at)) await bookNext({ ...dispatching, core }, at);
    },
    /** What does not add up in the books: entries that do not balance, balances that are not their postings' sum. */
    async unconserved(): Promise<readonly unknown[]> {
      const { rows } = await bank.database.query(
        `select 'entry' as what, entry::text as id from postings group by entry, currency having sum(amount) <> 0
         union all
         select 'account', a.id from accounts a left join postings p on p.account = a.id
         group by a.id having a.balance <> coalesce(sum(p.amount), 0)
         union all
         select 'transfer', t.id from transfers t
         left join entries e on e.reference = t.id left join entries r on r.reference = t.id || '/return'
         where (t.status in ('ACSP', 'ACSC', 'ACWP', 'ACCC', 'BLCK') and (e.id is null or r.id is not null))
           or (t.status = 'PDNG' and e.id is not null)
           or (t.status = 'RJCT' and (e.id is null) <> (r.id is null))`,
      );
      return rows;
    },
  };
}

/** Somebody with an account at another bank. */
export const PAYEE = {
  SchemeName: "UK.OBIE.IBAN",
  Identification: "DE75512108001245126199",
  Name: "Kamau Stores",
};

/** A single payment of an amount to somebody. */
export function single(
  amount: string,
  payee: object = PAYEE,
  currency = "KES",
): Readonly<Record<string, unknown>> {
  return {
    InstructionIdentification: "instr-1",
    EndToEndIdentification: "e2e-1",
    InstructedAmount: { Amount: amount, Currency: currency },
    CreditorAccount: payee,
    RemittanceInformation: { Unstructured: ["Invoice 7"] },
  };
}

/** A file of single payments, and what a consent announces of it. */
export function fileOf(...payments: readonly object[]): {
  readonly file: Buffer;
  readonly Initiation: object;
} {
  const file = Buffer.from(JSON.stringify({ Data: { DomesticPayments: payments } }));
  const FileHash = createHash("sha256").update(file).digest("base64");
  return { file, Initiation: { FileType: "UK.OBIE.PaymentInitiation.4.0", FileHash } };
}
