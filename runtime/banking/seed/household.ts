import { createHash } from "node:crypto";
import type { Entry } from "../booking.ts";
import type { Account } from "../core-bank.ts";
import { minor } from "../money.ts";
import { iban } from "./account-number.ts";
import { chanceOf, type Chance } from "./chance.ts";
import type { Person, Place } from "./people.ts";

const DAY_MS = 86_400_000;
/** How far back the demo customers' lives go, in days. */
export const HISTORY_DAYS = 180;

/** One demo customer with accounts and everything that happened on them. */
export interface Household {
  readonly customer: string;
  readonly person: Person;
  readonly accounts: readonly Omit<Account, "balance">[];
  /** In order of time. */
  readonly entries: readonly Entry[];
}

/** The bank's own account for what comes from and goes to elsewhere. */
export function clearingAccount(currency: string, openedAt: Date): Omit<Account, "balance"> {
  return {
    ...personalAccount({ id: `clearing-${currency}`, currency, openedAt }),
    category: "Business",
    typeCode: "CPAC",
    description: "Clearing",
    nickname: undefined,
    holder: "Wekeza Bank",
    scheme: "UK.OBIE.BBAN",
    identification: `CLEARING-${currency}`,
  };
}

/**
 * The life of a demo customer up to a day: the same for the same country, person and day.
 *
 * A current account with salary, rent and shopping, and savings filled once a month; nobody ever owes the bank.
 */
export function household(country: string, place: Place, person: Person, today: Date): Household {
  const seed = digest(`${country}/${person.username}`);
  const chance = chanceOf(Number.parseInt(seed.slice(0, 8), 16));
  const end = Math.floor(today.getTime() / DAY_MS) * DAY_MS;
  const openedAt = new Date(end - (HISTORY_DAYS + chance.whole(400, 2_000)) * DAY_MS);
  const { currency } = place;
  const number = (nth: number): string => {
    const digits = String(Number.parseInt(seed.slice(8, 16), 16) % 1_000_000_000).padStart(9, "0");
    return place.scheme === "UK.OBIE.IBAN" ? iban(`${digits}${nth}`) : `0100${digits}${nth}`;
  };
  const current = {
    ...personalAccount({ id: `acc-${seed.slice(0, 18)}1`, currency, openedAt }),
    holder: person.name,
    scheme: place.scheme,
    identification: number(1),
  };
  const savings: Omit<Account, "balance"> = {
    ...current,
    id: `acc-${seed.slice(0, 18)}2`,
    typeCode: "SVGS",
    description: "Savings account",
    nickname: "Savings",
    identification: number(2),
  };
  const entries = lifeOf({
    place,
    chance,
    start: end - HISTORY_DAYS * DAY_MS,
    end: today.getTime(),
    current,
    savings,
  });
  return { customer: `cus-${seed.slice(0, 16)}`, person, accounts: [current, savings], entries };
}

interface Life {
  readonly place: Place;
  readonly chance: Chance;
  /** In ms since 1970. */
  readonly start: number;
  readonly end: number;
  readonly current: Pick<Account, "id">;
  readonly savings: Pick<Account, "id">;
}

function lifeOf({ place, chance, start, end, current, savings }: Life): readonly Entry[] {
  const { currency } = place;
  const employer = chance.pick(place.employers);
  const salary = minor(chance.whole(...place.salary), currency);
  const rent = minor(chance.whole(...place.rent), currency);
  const entries: Entry[] = [];
  let balance = 0n;
  const pass = (
    at: number,
    change: bigint,
    entry: Omit<Entry, "reference" | "bookedAt" | "postings">,
    other: Other,
  ): void => {
    // Whoever cannot pay does not buy.
    if (balance + change < 0n || at > end) return;
    balance += change;
    const bookedAt = new Date(at);
    const reference = `demo-${current.id}-${entries.length + 1}`;
    const postings = [
      { account: current.id, currency, amount: change, counterparty: other.name },
      {
        account: other.account,
        currency,
        amount: -change,
        ...(other.holder ? { counterparty: other.holder } : {}),
      },
    ];
    entries.push({ ...entry, reference, bookedAt, postings });
  };
  const elsewhere = (name: string): Other => ({ account: `clearing-${currency}`, name });

  pass(
    start,
    salary * 2n,
    { ...ARRIVED, information: "Opening transfer" },
    elsewhere("Own account elsewhere"),
  );
  for (let day = start + DAY_MS; day <= end; day += DAY_MS) {
    const date = new Date(day).getUTCDate();
    const at = (hour: number): number => day + hour * 3_600_000 + chance.whole(0, 3_599) * 1_000;
    if (date === 25)
      pass(at(4), salary, { ...SALARY, information: `Salary ${monthOf(day)}` }, elsewhere(employer));
    if (date === 1)
      pass(at(5), -rent, { ...SENT, information: `Rent ${monthOf(day)}` }, elsewhere("Landlord"));
    if (date === 26) {
      const saved: Other = { account: savings.id, name: "Savings", holder: "Current account" };
      pass(at(6), -(salary / 10n), { ...MOVED, information: "To savings" }, saved);
    }
    for (let hour = 7 + chance.whole(0, 4); hour < 21; hour += chance.whole(4, 12)) {
      const { name, merchantCategory, price } = chance.pick(place.shops);
      const amount = minor(chance.between(...price), currency);
      pass(
        at(hour),
        -amount,
        { ...BOUGHT, information: `Card purchase ${name}`, merchantCategory },
        elsewhere(name),
      );
    }
  }
  return entries;
}

interface Other {
  readonly account: string;
  readonly name: string;
  /** Name of this customer's account on the other side, where that is a customer's too. */
  readonly holder?: string;
}

/** ISO 20022 bank transaction codes: received and issued credit transfers, card purchase at a point of sale. */
const ARRIVED = { family: "RCDT", subFamily: "DMCT" };
const SALARY = { family: "RCDT", subFamily: "SALA" };
const SENT = { family: "ICDT", subFamily: "DMCT" };
const MOVED = { family: "ICDT", subFamily: "BOOK" };
const BOUGHT = { family: "CCRD", subFamily: "POSD" };

function personalAccount({
  id,
  currency,
  openedAt,
}: Pick<Account, "id" | "currency" | "openedAt">): Omit<Account, "balance"> {
  return {
    id,
    currency,
    category: "Personal",
    typeCode: "CACC",
    description: "Current account",
    nickname: "Everyday",
    holder: "",
    scheme: "",
    identification: "",
    status: "Enabled",
    statusUpdatedAt: openedAt,
    openedAt,
    overdraft: 0n,
  };
}

function monthOf(day: number): string {
  return new Date(day).toISOString().slice(0, 7);
}

function digest(text: string): string {
  return createHash("sha256").update(`wekeza demo ${text}`).digest("hex");
}
