import { demoCustomer } from "../../cli/quickstart/demo-customers.ts";
import type { Exchange } from "../../cli/quickstart/http.ts";
import { WANTED_PERMISSIONS } from "../../cli/quickstart/partner-resource.ts";
import type { Group } from "../../cli/quickstart/platform.ts";
import { type GivenConsent, givenConsent, openSession, type Session } from "../../cli/quickstart/session.ts";
import { type Bank, enrolPartner, removePartner, type TestPartner } from "./bank.ts";

/** A partner at one group, with a consent that a demo customer gave it. */
export interface Visitor {
  readonly partner: TestPartner;
  readonly session: Session;
  readonly given: GivenConsent;
}

/** When a test's consents end: long after the test. */
export function tomorrow(): Date {
  return new Date(Date.now() + 86_400_000);
}

/** A new partner that may read at a group. */
export async function newVisitor(bank: Bank, group: Group, prefix: string): Promise<Visitor> {
  return visitorAt(bank, group, await enrolPartner(bank, prefix));
}

/** A partner that may read at a group. */
export async function visitorAt(bank: Bank, group: Group, partner: TestPartner): Promise<Visitor> {
  const session = await openSession(group, partner, bank.network);
  const given = await givenConsent(session, demoCustomer(group), WANTED_PERMISSIONS, tomorrow());
  return { partner, session, given };
}

/** One call that a visitor is served as long as nobody took anything away. */
export function readAccounts({ session, given }: Visitor): Promise<Exchange> {
  return session.api.call("GET", "/accounts", given.tokens.accessToken);
}

/** Closes its connections and deletes the partner. Safe to repeat, and for one that did not come about. */
export async function leave(bank: Bank, visitor: Visitor | undefined): Promise<void> {
  if (visitor === undefined) return;
  await visitor.session.close();
  await removePartner(bank, visitor.partner.name);
}
