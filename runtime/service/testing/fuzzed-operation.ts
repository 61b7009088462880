import fc from "fast-check";
import { obukDocument, type ObukOperation } from "./obuk-definitions.ts";
import { bodiesOf, valuesLike } from "./obuk-fuzz.ts";

/** The same cases in every run, unless FUZZ_SEED names others. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_123);
const BASE = "/open-banking/v4.0";

/** A call of an operation, as somebody might send it who means harm or has a mistake in the software. */
export interface FuzzedCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path below the host, encoded, with something in each of its places. */
  readonly address: string;
  /** Undefined: none is sent. */
  readonly payload: object | undefined;
  /** An `x-idempotency-key` that a client can put into a header. */
  readonly key: string;
}

/** How an operation is fuzzed. */
export interface Fuzzing<More> {
  /** Calls; FUZZ_CASES wins. 500 is the long form. */
  readonly cases: number;
  /** Ids that are known. */
  readonly ids: readonly string[];
  /** In place of bodies as the definition has them. */
  readonly bodies?: fc.Arbitrary<unknown>;
  /** What else varies. */
  readonly more: fc.Arbitrary<More>;
}

/** Sends whatever may be sent to an operation of the definitions. @param sent sends it, and throws when the answer is none. */
export async function fuzzed<More>(
  { definition, method, path, request }: ObukOperation,
  { cases, ids, bodies, more }: Fuzzing<More>,
  sent: (call: FuzzedCall, more: More) => Promise<void>,
): Promise<void> {
  const places = path.match(/\{\w+\}/g)?.length ?? 0;
  const made =
    request === undefined ? fc.constant(undefined) : bodiesOf(obukDocument(definition) ?? {}, request);
  const call = fc.record({
    body: bodies ?? made,
    // Nothing at all in a place is another operation's address.
    segments: fc.array(
      valuesLike(...ids).filter((id) => id !== ""),
      { minLength: places, maxLength: places },
    ),
    key: valuesLike("key-1"),
  });
  const property = fc.asyncProperty(call, more, async ({ body, segments, key }, rest) => {
    const left = segments.map((segment) => encodeURIComponent(segment.toWellFormed()));
    const address = `${BASE}${path.replaceAll(/\{\w+\}/g, () => left.shift() ?? "")}`;
    const payload = typeof body === "object" && body !== null ? body : undefined;
    const printable = key.replaceAll(/[^\x20-\x7e]/g, "?");
    await sent({ method: method as FuzzedCall["method"], address, payload, key: printable }, rest);
  });
  const numRuns = Number(process.env["FUZZ_CASES"] ?? cases);
  await fc.assert(property, { numRuns, seed: SEED, endOnFailure: true });
}
