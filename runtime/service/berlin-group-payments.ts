import type { ConsentKind } from "./consent-snapshot.ts";

/** Kinds of consent that a payment of the Berlin Group can be, by the service in its address (`payment-service`). */
export const PAYMENT_SERVICES = {
  payments: ["domestic-payment", "domestic-scheduled-payment"],
  "periodic-payments": ["domestic-standing-order"],
  "bulk-payments": ["file-payment"],
} as const satisfies Record<string, readonly ConsentKind[]>;
export type PaymentService = keyof typeof PAYMENT_SERVICES;

/** Every service that is offered. */
export const SERVICES = Object.keys(PAYMENT_SERVICES) as readonly PaymentService[];

/** Where the payments of a service are found, below the interface. SEPA credit transfers are the one product there is. */
export function paymentsPath(service: PaymentService): `/${PaymentService}/sepa-credit-transfers` {
  return `/${service}/sepa-credit-transfers`;
}

/** The service that a kind of consent is a payment of. */
export function serviceOf(kind: ConsentKind): PaymentService | undefined {
  return SERVICES.find((service) => (PAYMENT_SERVICES[service] as readonly ConsentKind[]).includes(kind));
}
