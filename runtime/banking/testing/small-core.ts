import { asSuperuser } from "../../database/bootstrap.ts";
import { Problem } from "../../service/problem.ts";
import type { Database, Queries } from "../../service/postgres.ts";
import type { Booking, BookingAnswer, Bookings } from "../payments/bookings.ts";
import { bookMovement, bookReturn, lockSides, refusal, type Movement } from "../payments/ledger-booking.ts";
import { NOW, type TestBank } from "./bank.ts";

/** What a core keeps beside its books: the newest epoch it has seen, and what it said to each booking. */
const TABLES = `
  create table banking.core_epoch as select 0 as newest;
  create table banking.core_answer (id text primary key, booking jsonb not null, answer jsonb not null);
  grant select, insert, update on banking.core_epoch, banking.core_answer to banking`;

/** Makes the embedded ledger of a test bank a core of a bank's own: it books by the contract, once for an id. */
export async function ledgerBookings({
  stack,
  database,
}: Pick<TestBank, "stack" | "database">): Promise<Bookings> {
  await asSuperuser(stack.agent.socket, stack.database.name, (client) => client.query(TABLES));
  return {
    book: (booking) =>
      inEpoch(database, booking.epoch, async (tx) => {
        const { rows } = await tx.query<{ readonly answer: BookingAnswer }>(
          "select answer from core_answer where id = $1",
          [booking.id],
        );
        if (rows[0]) return rows[0].answer;
        const answer = await bookOnce(tx, booking);
        const { amount, creditAmount, ...said } = booking;
        const kept = { ...said, amount: String(amount), creditAmount: String(creditAmount) };
        await tx.query("insert into core_answer values ($1, $2, $3)", [booking.id, kept, answer]);
        return answer;
      }),
    giveBack: ({ id, epoch }) =>
      inEpoch(database, epoch, async (tx) => {
        const { count } = await tx.query("select from entries where reference = $1", [`${id}/return`]);
        if (count > 0) return;
        const { rows } = await tx.query<{ readonly booking: Kept }>(
          "select booking from core_answer where id = $1 and answer->>'status' = 'ACSP'",
          [id],
        );
        if (rows[0] === undefined) throw new Problem(422, "NothingBooked", `Nothing left by booking ${id}.`);
        const { booking } = rows[0];
        const sums = { amount: BigInt(booking.amount), creditAmount: BigInt(booking.creditAmount) };
        await bookReturn(tx, { ...booking, ...sums }, NOW);
      }),
  };
}

type Kept = Omit<Movement, "amount" | "creditAmount"> & {
  readonly amount: string;
  readonly creditAmount: string;
};

async function bookOnce(tx: Queries, booking: Booking): Promise<BookingAnswer> {
  const { payer, payee } = await lockSides(tx, booking.account, booking.creditor);
  if (payer === undefined) return { status: "RJCT", reason: "AC05" };
  const reason = refusal(booking, { payer, payee }, "pass");
  if (reason !== undefined) return { status: "RJCT", reason };
  await bookMovement(tx, booking, { payer, payee }, NOW);
  return { status: payee === undefined ? "ACSP" : "ACCC" };
}

/** One after the other, and nothing for whoever does not know that the epoch is over. */
function inEpoch<T>(database: Database, epoch: number, work: (tx: Queries) => Promise<T>): Promise<T> {
  return database.transaction(async (tx) => {
    const { count } = await tx.query("update core_epoch set newest = $1 where newest <= $1", [epoch]);
    if (count === 0) throw new Problem(409, "EpochOver", `Epoch ${epoch} is over.`);
    return work(tx);
  });
}
