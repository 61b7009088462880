/** Members of the European Economic Area: where the second payment services directive is law. */
const EEA = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split(
  " ",
);

/** The law that the services of a country follow. @throws RangeError when none of ours is its. */
export function jurisdictionOf(country: string): "ke-cbk" | "eu-psd2" | "uk-ob" {
  if (country === "KE") return "ke-cbk";
  if (country === "GB") return "uk-ob";
  if (EEA.includes(country)) return "eu-psd2";
  throw new RangeError(
    `COUNTRY=${country} has no law among those the platform knows: write KE, GB or a country of the European Economic Area.`,
  );
}
