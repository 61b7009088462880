import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { ShardPolicy } from "../../../crds/shard.ts";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { formFaults } from "../../service/form-faults.ts";
import type { ObukFault } from "../../service/obuk-error.ts";

/** What a partner asked for, read and found good. */
export interface ReadRequest {
  /** `Data`, as it was sent. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly risk: Readonly<Record<string, unknown>> | undefined;
  /** When it ends by itself, once authorised. */
  readonly expiresAt: Date;
}

/** What surrounds a request. */
export interface Circumstances {
  readonly policy: ShardPolicy;
  readonly now: Date;
}

/** A kind of consent: where partners find it, who may ask for it, and what a request for it must be. */
export interface KindRules {
  readonly kind: ConsentKind;
  /** Below the API's host. */
  readonly path: string;
  /** First letters of its ids. */
  readonly prefix: string;
  /** The regulated role that may ask for it. */
  readonly role: "AISP" | "PISP" | "CBPII";
  /** Whether a request sent twice under one `x-idempotency-key` is one. */
  readonly idempotent: boolean;
  /** Whether the partner may delete it; a payment's ends with its payment. */
  readonly deletable: boolean;
  read(body: unknown, circumstances: Circumstances): ReadRequest | { readonly faults: readonly ObukFault[] };
}

/** Looks at one aspect of a request's `Data`. All findings are told at once, so that a partner mends it in one go. */
export type Check<Data> = (data: Data, circumstances: Circumstances) => readonly ObukFault[];

type DataOf<S extends TSchema> = Static<S> extends { readonly Data: infer Data } ? Data : never;

/** What a kind is made of. */
export interface KindOptions<S extends TSchema> extends Omit<KindRules, "read"> {
  readonly schema: S;
  readonly checks: readonly Check<DataOf<S>>[];
  readonly expiresAt: (data: DataOf<S>, circumstances: Circumstances) => Date;
}

/** A kind whose requests have this schema. */
export function defineKind<S extends TSchema>({
  schema,
  checks,
  expiresAt,
  ...rules
}: KindOptions<S>): KindRules {
  const validator = Compile(schema);
  return {
    ...rules,
    read(body, circumstances) {
      if (!validator.Check(body)) return { faults: formFaults(validator.Errors(body)) };
      const unwritable = unwritableText(body);
      if (unwritable !== undefined) return { faults: [unwritable] };
      const { Data: data, Risk: risk } = body as {
        readonly Data: DataOf<S> & object;
        readonly Risk?: object;
      };
      const faults = checks.flatMap((check) => check(data, circumstances));
      if (faults.length > 0) return { faults };
      return {
        data: data as Readonly<Record<string, unknown>>,
        risk: risk as Readonly<Record<string, unknown>> | undefined,
        expiresAt: expiresAt(data, circumstances),
      };
    },
  };
}

/** Text that neither Postgres nor canonical JSON can hold: U+0000, and half a surrogate pair. */
function unwritableText(body: unknown): ObukFault | undefined {
  // JSON.stringify escapes exactly these with \u and four digits that begin so.
  return /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(JSON.stringify(body))
    ? {
        reason: "InvalidFormat",
        message: "A text in the body holds U+0000 or half a surrogate pair; leave it out.",
      }
    : undefined;
}
