/** The bank in a German account number; no bank has this one. */
const BANK_CODE = "50099900";

/** A German IBAN (ISO 13616) over a ten-digit account number, with its check digits (ISO 7064 MOD 97-10). */
export function iban(account: string): string {
  const bban = `${BANK_CODE}${account}`;
  // Letters count as two digits, A = 10: "DE00" becomes 131400.
  const check = 98n - (BigInt(`${bban}131400`) % 97n);
  return `DE${String(check).padStart(2, "0")}${bban}`;
}

/** Whether an IBAN's check digits are right. */
export function ibanHolds(text: string): boolean {
  const moved = `${text.slice(4)}${text.slice(0, 4)}`;
  const digits = moved.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
}
