/**
 * Time zones of countries where banks are (IANA). A country with several has that of its capital; one that is not here
 * goes by UTC.
 */
const ZONES: Readonly<Record<string, string>> = {
  AT: "Europe/Vienna",
  BE: "Europe/Brussels",
  BG: "Europe/Sofia",
  BI: "Africa/Bujumbura",
  CD: "Africa/Kinshasa",
  CH: "Europe/Zurich",
  CY: "Asia/Nicosia",
  CZ: "Europe/Prague",
  DE: "Europe/Berlin",
  DK: "Europe/Copenhagen",
  EE: "Europe/Tallinn",
  ES: "Europe/Madrid",
  ET: "Africa/Addis_Ababa",
  FI: "Europe/Helsinki",
  FR: "Europe/Paris",
  GB: "Europe/London",
  GR: "Europe/Athens",
  HR: "Europe/Zagreb",
  HU: "Europe/Budapest",
  IE: "Europe/Dublin",
  IS: "Atlantic/Reykjavik",
  IT: "Europe/Rome",
  KE: "Africa/Nairobi",
  LT: "Europe/Vilnius",
  LU: "Europe/Luxembourg",
  LV: "Europe/Riga",
  MT: "Europe/Malta",
  NG: "Africa/Lagos",
  NL: "Europe/Amsterdam",
  NO: "Europe/Oslo",
  PL: "Europe/Warsaw",
  PT: "Europe/Lisbon",
  RO: "Europe/Bucharest",
  RW: "Africa/Kigali",
  SE: "Europe/Stockholm",
  SI: "Europe/Ljubljana",
  SK: "Europe/Bratislava",
  TZ: "Africa/Dar_es_Salaam",
  UG: "Africa/Kampala",
  US: "America/New_York",
  ZA: "Africa/Johannesburg",
};

const HOUR_MS = 3_600_000;

/** The day that a time is on at a bank, as `2026-11-23`. @param country ISO 3166, of the bank's region. */
export function bankDay(country: string, at: Date): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: ZONES[country] ?? "UTC", dateStyle: "short" }).format(
    at,
  );
}

/**
 * The first full hour of a day of the bank's that is on this day in UTC too: whoever counts days or months on from it in
 * UTC comes to the bank's days.
 *
 * @param day a date such as `2026-11-23`.
 */
export function startOfBankDay(country: string, day: string): Date {
  const midnight = new Date(`${day}T00:00:00Z`).getTime();
  for (let hour = 0; hour < 24; hour += 1) {
    const at = new Date(midnight + hour * HOUR_MS);
    if (bankDay(country, at) === day) return at;
  }
  throw new Error(`There is no ${day} in ${country}.`);
}
