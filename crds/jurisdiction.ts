/** Laws that a region or a policy is under. ke-cbk anticipates rules the Central Bank of Kenya has not yet published. */
export const JURISDICTIONS = ["ke-cbk", "eu-psd2", "uk-ob"] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];
