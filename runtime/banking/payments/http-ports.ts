import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { Log } from "../../service/logger.ts";
import type { Upstream } from "../../service/mtls-client.ts";
import type { BookingAnswer, Bookings } from "./bookings.ts";
import type { FraudPort } from "./fraud.ts";
import { EpochOver, type Scheme, type SchemeAnswer } from "./scheme.ts";

/** How long a score may take, in ms: a payment waits for it. */
const SCORE_MS = 500;

const score = Compile(Type.Object({ score: Type.Number({ minimum: 0, maximum: 100 }) }));
const outcome = Compile(
  Type.Union([
    Type.Object({ status: Type.Enum(["ACSC", "ACWP", "ACCC", "BLCK"], { type: "string" }) }),
    Type.Object({
      status: Type.Literal("RJCT"),
      reason: Type.Enum(["AC03", "AC04", "AC06", "AB08", "AM03"], { type: "string" }),
    }),
  ]),
);

const booked = Compile(
  Type.Union([
    Type.Object({ status: Type.Enum(["ACCC", "ACSP"], { type: "string" }) }),
    Type.Object({
      status: Type.Literal("RJCT"),
      reason: Type.Enum(["AC03", "AC04", "AC05", "AC06", "AM03", "AM04"], { type: "string" }),
    }),
  ]),
);
const returned = Compile(Type.Object({ status: Type.Literal("RJCT") }));

/**
 * Wekeza-Fraud by its contract (docs/contracts/wekeza-fraud.v1.yaml); anything but a score is no score.
 *
 * @param patienceMs how long a payment waits for its score.
 */
export function httpFraud(upstream: Upstream, log: Log, patienceMs: number = SCORE_MS): FraudPort {
  return {
    async score({ customer, account, clientId, order }) {
      const { amount, currency, creditor } = order;
      const json = { customer, account, client: clientId, amount: String(amount), currency, creditor };
      try {
        const answer = await upstream.request({
          method: "POST",
          path: "/v1/scores",
          body: { json },
          deadlineMs: patienceMs,
        });
        const value: unknown = answer.status === 200 ? answer.json() : undefined;
        if (score.Check(value)) return value.score;
        log.warn({ status: answer.status }, "no fraud score");
      } catch (error) {
        log.warn({ err: error }, "no fraud score");
      }
      return undefined;
    },
  };
}

/** Wekeza-NextGen by its contract (docs/contracts/wekeza-nextgen.v1.yaml). */
export function httpScheme(upstream: Upstream): Scheme {
  return {
    async send(remittance): Promise<SchemeAnswer> {
      const answer = await upstream.request({
        method: "PUT",
        path: `/v1/remittances/${encodeURIComponent(remittance.id)}`,
        body: { json: remittance },
      });
      if (answer.status === 409) throw new EpochOver(remittance);
      const value: unknown = answer.status === 200 ? answer.json() : undefined;
      if (outcome.Check(value)) return value;
      throw new Error(`The scheme answered ${answer.status} about transfer ${remittance.id}.`);
    },
  };
}

/** Wekeza-Core's bookings by its contract (docs/contracts/wekeza-core.v1.yaml). */
export function httpBookings(upstream: Upstream): Bookings {
  const put = async (id: string, tail: string, json: object): Promise<unknown> => {
    const path = `/v1/bookings/${encodeURIComponent(id)}${tail}`;
    const answer = await upstream.request({ method: "PUT", path, body: { json } });
    if (answer.status === 200) return answer.json();
    const why = answer.status === 409 ? " (it knows a newer epoch)" : "";
    throw new Error(`The core answered ${answer.status} about booking ${id}${tail}${why}.`);
  };
  return {
    async book({ amount, creditAmount, ...booking }): Promise<BookingAnswer> {
      const sums = { amount: String(amount), creditAmount: String(creditAmount) };
      const value = await put(booking.id, "", { ...booking, ...sums });
      if (booked.Check(value)) return value;
      throw new Error(`The core said nothing about booking ${booking.id} that its contract knows.`);
    },
    async giveBack({ id, epoch, reason }) {
      if (returned.Check(await put(id, "/return", { epoch, reason }))) return;
      throw new Error(`The core did not say that it gave back booking ${id}.`);
    },
  };
}
