import type { Customer } from "./customer.ts";
import type { Group } from "./platform.ts";

/**
 * Who logs in at a group: a customer of its region's demo data.
 *
 * These are public names and passwords of a sandbox; a production region has no demo customers.
 */
export function demoCustomer({ region }: Pick<Group, "region">): Customer {
  return region === "ke"
    ? { username: "wanjiru", password: "sandbox-wanjiru" }
    : { username: "anna", password: "sandbox-anna" };
}
