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

/** Clocks may be an hour on in one of them. */
const SEASONS = ["2026-01-15", "2026-07-15"];

/**
 * The first full hour of a day of the bank's that is on this day in UTC too, in summer and in winter: whoever counts days or
 * months on from it in UTC comes to the bank's days.
 *
 * @param day a date such as `2026-11-23`.
 */
export function startOfBankDay(country: string, day: string): Date {
  const hourOf = (each: string, hour: number): Date =>
    new Date(new Date(`${each}T00:00:00Z`).getTime() + hour * HOUR_MS);
  for (let hour = 0; hour < 24; hour += 1) {
    if ([day, ...SEASONS].every((each) => bankDay(country, hourOf(each, hour)) === each))
      return hourOf(day, hour);
  }
  throw new Error(`There is no ${day} in ${country}.`);
}
