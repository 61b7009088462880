/** Whether a value is what it should be. */
export type Check = (value: unknown) => boolean;

/** Whether a value is text. */
export const isText: Check = (value) => typeof value === "string";

/** Whether a value is a list of such values. */
export const isListOf =
  (each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(each);

/** Whether a value has these members, perhaps some of `further`, and no other: what is not checked is not there. */
export const has =
  (shape: Readonly<Record<string, Check>>, further: Readonly<Record<string, Check>> = {}): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.keys(shape).every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, member]) => {
      const fits = Object.hasOwn(shape, name) ? shape[name] : Object.hasOwn(further, name) && further[name];
      return fits ? fits(member) : false;
    });

/**
 * Reads what a file should be.
 *
 * @param what it is, for whoever reads the error: `receipt`.
 * @throws Error when it is none.
 */
export function readAs(text: string, fits: Check, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`The file is no JSON, so no ${what}; was it changed, or not copied whole?`, {
      cause: error,
    });
  }
  if (fits(value)) return value;
  throw new Error(`The file is no ${what} of a known format: a member is missing, changed or added.`);
}
