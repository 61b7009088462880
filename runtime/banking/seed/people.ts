/** Someone who exists only in demo data. */
export interface Person {
  readonly username: string;
  readonly name: string;
}

/** Where demo customers live: what they hold, whom they pay, and how much life costs. */
export interface Place {
  readonly currency: string;
  /** Kind of account number. */
  readonly scheme: string;
  readonly people: readonly Person[];
  readonly employers: readonly string[];
  /** Monthly, in whole units of the currency: between these. */
  readonly salary: readonly [number, number];
  readonly rent: readonly [number, number];
  readonly shops: readonly Shop[];
}

export interface Shop {
  readonly name: string;
  /** ISO 18245. */
  readonly merchantCategory: string;
  /** Of one purchase, in whole units of the currency: between these. */
  readonly price: readonly [number, number];
}

const KENYA: Place = {
  currency: "KES",
  scheme: "UK.OBIE.BBAN",
  people: [
    { username: "wanjiru", name: "Wanjiru Kamau" },
    { username: "otieno", name: "Otieno Odhiambo" },
    { username: "amina", name: "Amina Hassan" },
  ],
  employers: ["Savanna Logistics Ltd", "Rift Valley Foods Ltd", "Uhuru Software Ltd"],
  salary: [85_000, 240_000],
  rent: [18_000, 45_000],
  shops: [
    { name: "Jamii Supermarket", merchantCategory: "5411", price: [450, 6_800] },
    { name: "Soko Fresh", merchantCategory: "5499", price: [120, 1_500] },
    { name: "Matatu Sacco 44", merchantCategory: "4131", price: [50, 300] },
    { name: "Twiga Fuel", merchantCategory: "5541", price: [1_500, 6_000] },
    { name: "Airtime Express", merchantCategory: "4814", price: [100, 1_000] },
    { name: "Mwangaza Power", merchantCategory: "4900", price: [800, 4_500] },
    { name: "Kahawa House", merchantCategory: "5814", price: [250, 1_400] },
    { name: "Afya Pharmacy", merchantCategory: "5912", price: [200, 3_000] },
  ],
};

const EURO: Place = {
  currency: "EUR",
  scheme: "UK.OBIE.IBAN",
  people: [
    { username: "anna", name: "Anna Schmidt" },
    { username: "lukas", name: "Lukas Weber" },
    { username: "sofia", name: "Sofia Rossi" },
  ],
  employers: ["Mainhafen Logistik GmbH", "Taunus Software GmbH", "Rheingold Lebensmittel AG"],
  salary: [2_100, 4_900],
  rent: [620, 1_350],
  shops: [
    { name: "Markthalle am Dom", merchantCategory: "5411", price: [8, 95] },
    { name: "Backstube Krume", merchantCategory: "5462", price: [2, 14] },
    { name: "Stadtbahn", merchantCategory: "4111", price: [3, 29] },
    { name: "Tankstelle Nord", merchantCategory: "5541", price: [30, 90] },
    { name: "Funknetz Mobil", merchantCategory: "4814", price: [10, 35] },
    { name: "Stadtwerke", merchantCategory: "4900", price: [45, 140] },
    { name: "Café Lindenhof", merchantCategory: "5814", price: [4, 22] },
    { name: "Linden-Apotheke", merchantCategory: "5912", price: [5, 45] },
  ],
};

/** The demo customers' place in a country (ISO 3166): Kenya with shillings, anywhere else the euro. */
export function placeIn(country: string): Place {
  return country === "KE" ? KENYA : EURO;
}

/** The password of a demo customer. No secret: these people exist in sandboxes only. */
export function demoPassword(username: string): string {
  return `sandbox-${username}`;
}
