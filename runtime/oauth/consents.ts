import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { type ConsentSnapshot, parseConsentSnapshot } from "../service/consent-snapshot.ts";
import type { Upstream } from "../service/mtls-client.ts";

/** What a customer decided, and how she proved who she is. */
export interface Authorisation {
  readonly customer: string;
  /** AccountIds she chose. */
  readonly accounts: readonly string[];
  /** The account she pays from, with its number; for every kind but account access. */
  readonly debtor?: PayerAccount | undefined;
  readonly grantId: string;
  /** `linked`: of a payment, what exactly she authenticated. */
  readonly sca: { readonly method: "otp"; readonly at: string; readonly linked?: string | undefined };
  /** The words she saw when she agreed. */
  readonly shown: string;
}

/** An account that is paid from, in the standard's words. */
export interface PayerAccount {
  readonly SchemeName: string;
  readonly Identification: string;
  readonly Name: string;
}

/** What a customer may wish about her data by herself. */
export type Wish = "erasure" | "restriction" | "end-of-restriction";

const PrivacyState = Type.Object({
  requests: Type.Array(
    Type.Object({
      kind: Type.String(),
      askedAt: Type.String(),
      dueAt: Type.String(),
      answer: Type.Optional(Type.String()),
      /** Why it is refused, in words for her. */
      because: Type.Optional(Type.String()),
    }),
  ),
  /** Since when her data is given to nobody; absent when it is not restricted. */
  restrictedSince: Type.Optional(Type.String()),
});
/** What a customer wished about her data, and what became of it. */
export type PrivacyState = Static<typeof PrivacyState>;

/** Consents, kept by the consent service. */
export interface Consents {
  find(id: string): Promise<ConsentSnapshot | undefined>;
  /** @returns false when the consent can no longer be authorised. */
  authorise(id: string, authorisation: Authorisation): Promise<boolean>;
  /** @returns false when the consent can no longer be rejected. */
  reject(id: string): Promise<boolean>;
  /** A customer's consents, newest first. */
  ofCustomer(customer: string): Promise<readonly ConsentSnapshot[]>;
  /** @returns false when it is not this customer's, or has ended already. */
  withdraw(id: string, customer: string): Promise<boolean>;
  /** The newest wish first. */
  privacyOf(customer: string): Promise<PrivacyState>;
  wish(customer: string, kind: Wish): Promise<void>;
  /** Everything that is kept of her, as JSON; that she was given it is written down. */
  recordOf(customer: string): Promise<unknown>;
  /**
   * Proof of what happened to a consent or a payment of hers, as JSON; `Awaited` while it is being signed.
   *
   * @returns undefined when there is none of that id that is hers, or the log cannot prove it.
   */
  receiptOf(customer: string, id: string): Promise<unknown>;
}

/** Consents over the consent service's internal API. Every function throws when it gives no usable answer. */
export function consentsOf(upstream: Upstream): Consents {
  const decide = async (path: string, json: unknown): Promise<boolean> => {
    const { status } = await upstream.request({ method: "POST", path, body: { json } });
    if (status >= 200 && status < 300) return true;
    if (status >= 400 && status < 500) return false;
    throw new Error(`${upstream.origin} answered ${status} to a decision about a consent.`);
  };
  const pathOf = (id: string): string => `/internal/consents/${encodeURIComponent(id)}`;
  const ofHers = async (
    method: "GET" | "POST",
    customer: string,
    what: string,
    json?: object,
  ): Promise<unknown> => {
    const path = `/internal/customers/${encodeURIComponent(customer)}/${what}`;
    const answer = await upstream.request({
      method,
      path,
      ...(json === undefined ? {} : { body: { json } }),
    });
    if (answer.status === 200) return answer.json();
    throw new Error(`${upstream.origin} answered ${answer.status} to ${method} ${what} of a customer.`);
  };
  return {
    async find(id) {
      const answer = await upstream.request({ method: "GET", path: pathOf(id) });
      if (answer.status >= 400 && answer.status < 500) return undefined;
      const snapshot = answer.status === 200 ? parseConsentSnapshot(answer.json()) : undefined;
      if (snapshot === undefined) throw new Error(`${upstream.origin} gave no consent (${answer.status}).`);
      return snapshot;
    },
    authorise: (id, authorisation) => decide(`${pathOf(id)}/authorise`, authorisation),
    reject: (id) => decide(`${pathOf(id)}/reject`, {}),
    withdraw: (id, customer) => decide(`${pathOf(id)}/withdraw`, { customer }),
    async ofCustomer(customer) {
      const path = `/internal/customers/${encodeURIComponent(customer)}/consents`;
      const answer = await upstream.request({ method: "GET", path });
      const list =
        answer.status === 200 ? (answer.json() as { readonly consents?: unknown }).consents : undefined;
      if (!Array.isArray(list)) throw new Error(`${upstream.origin} gave no consents (${answer.status}).`);
      return list.flatMap((each: unknown) => parseConsentSnapshot(each) ?? []);
    },
    privacyOf: async (customer) => Value.Parse(PrivacyState, await ofHers("GET", customer, "privacy")),
    async wish(customer, kind) {
      await ofHers("POST", customer, "privacy", { kind });
    },
    recordOf: (customer) => ofHers("POST", customer, "record", {}),
    async receiptOf(customer, id) {
      const [owner, subject] = [encodeURIComponent(customer), encodeURIComponent(id)];
      const path = `/internal/customers/${owner}/receipts/${subject}`;
      const answer = await upstream.request({ method: "GET", path });
      if (answer.status === 202) return "Awaited";
      if (answer.status >= 400 && answer.status < 500) return undefined;
      if (answer.status === 200) return answer.json();
      throw new Error(`${upstream.origin} answered ${answer.status} to a customer's receipt.`);
    },
  };
}
