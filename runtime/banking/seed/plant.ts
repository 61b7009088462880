import { createHash } from "node:crypto";
import type { Database } from "../../service/postgres.ts";
import { addCustomer, book, openAccount } from "../booking.ts";
import { hashPassword } from "../credentials.ts";
import { clearingAccount, household, type Household } from "./household.ts";
import { demoPassword, placeIn } from "./people.ts";

/**
 * Brings a country's demo customers into the books, each in one transaction; who is there already stays as she is.
 *
 * @param today where their lives end.
 * @returns user names of those who are new.
 */
export async function plantCustomers(
  database: Database,
  country: string,
  today: Date,
): Promise<readonly string[]> {
  const place = placeIn(country);
  const planted: string[] = [];
  for (const person of place.people) {
    const home = household(country, place, person, today);
    if (await plant(database, home)) planted.push(person.username);
  }
  return planted;
}

async function plant(
  database: Database,
  { customer, person, accounts, entries }: Household,
): Promise<boolean> {
  const [first] = accounts;
  if (first === undefined) return false;
  const { username, name } = person;
  // Fixed: the same demo gives the same rows. It protects nothing, as the password is public.
  const salt = createHash("sha256").update(customer).digest().subarray(0, 16);
  const password = await hashPassword(demoPassword(username), salt);
  return database.transaction(async (tx) => {
    if (!(await addCustomer(tx, { id: customer, name, createdAt: first.openedAt, username, password })))
      return false;
    await openAccount(tx, { ...clearingAccount(first.currency, first.openedAt), customer: undefined });
    for (const account of accounts) await openAccount(tx, { ...account, customer });
    for (const entry of entries) await book(tx, entry);
    return true;
  });
}
